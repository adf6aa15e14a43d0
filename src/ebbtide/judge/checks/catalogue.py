"""All checks of a survey: those of its packs and the operator's templates."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ebbtide.judge.checks.packs import load_pack
from ebbtide.judge.checks.reading import template_check
from ebbtide.judge.checks.records import Check
from ebbtide.judge.templates.keeping import read_templates
from ebbtide.judge.templates.reading import template_files
from ebbtide.model.attacks import ATTACKS_OTHERS
from ebbtide.model.configuration import ChecksSection
from ebbtide.model.errors import CheckError
from ebbtide.model.verdicts import CheckInfo

SURVEY_FILE = "survey.json"
STORE_FOLDER = ".kept"


def list_checks(checks: ChecksSection, folder: Path) -> tuple[CheckInfo, ...]:
    """The checks that judge a survey, in the order of its judgement.

    Args:
        checks: ``[checks]``.
        folder: The survey's folder, from which paths of templates are taken.

    Raises:
        CheckError: A pack, a template or a parameter cannot be used.
    """
    return tuple(check.info for check in load_checks(checks, folder))


def load_checks(checks: ChecksSection, folder: Path) -> tuple[Check, ...]:
    """The same, as records that can decide; each stands after those that it builds on.

    In a folder of templates, those that are not run are passed over: ``linting.lint`` tells why.

    Raises:
        CheckError: A pack, a template or a parameter cannot be used.
    """
    found: dict[str, Check] = {}
    for pack in dict.fromkeys(checks.packs):
        for check in load_pack(pack, checks.parameters).checks:
            _add(found, check, "checks.packs")
    for entry in checks.templates:
        for reading in read_templates(template_files(folder / entry), _store_of(folder, entry)):
            if reading.template is not None:
                _add(found, template_check(reading.template, is_passive=reading.is_passive), reading.file)
            elif not (folder / entry).is_dir():
                reasons = ", ".join(reading.refusals.reasons)
                raise CheckError(f"the template is not run: {reasons}.", where=reading.file)
    _refuse_unknown(checks.parameters, found)
    return _chosen(found, checks.only)


def _store_of(folder: Path, entry: str) -> Path | None:
    """Where readings are kept: in the folder of a survey, and nowhere else."""
    if not (folder / SURVEY_FILE).is_file():
        return None
    name = hashlib.blake2b(entry.encode(), digest_size=8).hexdigest()
    return folder / STORE_FOLDER / f"templates-{name}.msgpack"


def _chosen(found: Mapping[str, Check], only: Sequence[str]) -> tuple[Check, ...]:
    """Those that are named, and what they build on; all if none is named."""
    if not only:
        return tuple(found.values())
    wanted: set[str] = set()
    waiting = list(only)
    while waiting:
        name = waiting.pop()
        if name not in found:
            raise CheckError(
                f"there is no check {name[:60]!r} in these packs and templates.",
                where="checks.only",
                remedy="ebbtide checks list names those that there are.",
            )
        if name not in wanted:
            wanted.add(name)
            waiting += found[name].parts
    return tuple(check for check in found.values() if check.id in wanted)


def _add(found: dict[str, Check], check: Check, where: str) -> None:
    if check.id == ATTACKS_OTHERS:
        raise CheckError(f"the id {check.id} belongs to a mark that is never published.", where=where)
    if check.id in found:
        raise CheckError(f"the check {check.id} is there twice.", where=where)
    found[check.id] = check


def _refuse_unknown(parameters: Mapping[str, Mapping[str, str]], found: Mapping[str, Check]) -> None:
    for check, settings in parameters.items():
        if check not in found:
            raise CheckError("there is no check of that name.", where=f"checks.parameters.{check}")
        if not found[check].pack and settings:
            name = next(iter(settings))
            raise CheckError("a template has no parameters.", where=f"checks.parameters.{check}.{name}")
