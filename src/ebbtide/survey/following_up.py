"""A survey of its own for those of whom one check may still be asked; it is made, and nobody is asked yet."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tomlkit

from ebbtide.model.configuration import ChecksSection, SurveyConfig
from ebbtide.model.errors import SurveyFolderError
from ebbtide.model.targets import Target
from ebbtide.rounds.durable import write_file
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.settings import CONFIGURATION

FRAME = "targets.csv"
_COLUMNS = ("host", "address", "port", "scheme", "stratum", "weight")
_PATHS = (("authority", "consents"), ("authority", "mandates"), ("scope", "opt_out"), ("limits", "operators"))


def prepare_follow_up(
    survey: SurveyFolder, config: SurveyConfig, checks: ChecksSection, targets: Iterable[Target], path: Path
) -> SurveyFolder:
    """Make a survey of some targets and one check; all other settings, the rules of conduct first, are the survey's.

    Proofs of control stay with the survey in which they were made.

    Args:
        survey: Where the targets come from.
        config: Its configuration.
        checks: What the new one asks for.
        targets: Whom.
        path: Folder to make.

    Raises:
        SurveyFolderError: There is a survey already, or the folder cannot be made.
    """
    if (path / CONFIGURATION).exists():
        raise SurveyFolderError(f"{path} holds a {CONFIGURATION} already.", remedy="Name another folder.")
    text = _configuration(survey.path, config, checks)
    made = SurveyFolder.create(path)
    write_file(made.path / FRAME, _frame(targets).encode())
    write_file(made.path / CONFIGURATION, text.encode())
    return made


def _configuration(survey: Path, config: SurveyConfig, checks: ChecksSection) -> str:
    written: Any = tomlkit.parse((survey / CONFIGURATION).read_text(encoding="utf-8-sig"))
    for section, key in _PATHS:
        value = getattr(getattr(config, section), key)
        if value:
            written[section][key] = (
                str((survey / value).absolute())
                if isinstance(value, str)
                else [str((survey / each).absolute()) for each in value]
            )
    written["frame"] = {"source": [{"path": FRAME, "format": "csv"}]}
    asked: dict[str, object] = {
        "packs": list(checks.packs),
        "templates": [str((survey / each).absolute()) for each in checks.templates],
        "fingerprints": [str((survey / each).absolute()) for each in checks.fingerprints],
        "only": list(checks.only),
    }
    if checks.parameters:
        asked["parameters"] = checks.parameters
    written["checks"] = asked
    written.pop("round", None)
    text: str = tomlkit.dumps(written)
    return text


def _frame(targets: Iterable[Target]) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for target in targets:
        address = "" if target.address == target.host else target.address
        rows.writerow((target.host, address, target.port, target.scheme, target.stratum, target.weight))
    return out.getvalue()
