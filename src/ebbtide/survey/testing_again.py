"""One site asked again just now, within the survey's own authority; it never enters a series."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ebbtide.control.store import FILE
from ebbtide.frame.ids import shard_of, site_id
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import EbbtideError
from ebbtide.model.targets import Target
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.following_up import prepare_follow_up
from ebbtide.survey.judging import judge_round
from ebbtide.survey.progress import Progress
from ebbtide.survey.running import run_round
from ebbtide.survey.sealing import seal_round
from ebbtide.survey.settings import load_config

NOW = "now"


@contextmanager
def tested_again(
    folder: SurveyFolder,
    config: SurveyConfig,
    host: str,
    label: str,
    progress: Callable[[Progress], None],
) -> Iterator[SurveyFolder]:
    """Ask a site what the survey asks of everybody, once, in a folder of its own that is gone afterwards.

    Rules of conduct, limits, consents, mandates and proofs of control are those of the survey.

    Args:
        folder: The survey.
        config: Its configuration.
        host: Canonical.
        label: Round whose targets of this site are asked.
        progress: As in ``run_round``.

    Yields:
        A survey with one judged round ``now``.

    Raises:
        EbbtideError: The rules forbid it, or a check cannot be used.
    """
    with TemporaryDirectory(prefix="ebbtide-") as name:
        made = prepare_follow_up(folder, config, config.checks, _targets(folder, host, label), Path(name) / "survey")
        if (folder.path / FILE).exists():
            shutil.copyfile(folder.path / FILE, made.path / FILE)
        try:
            own = load_config(made.path)
            run_round(made, NOW, own, progress=progress)
            seal_round(made, NOW)
            judge_round(made, NOW, own)
        except EbbtideError as error:
            there = error.where.replace(str(made.path), str(folder.path))
            raise type(error)(error.what, where=there, remedy=error.remedy) from error
        yield made


def _targets(folder: SurveyFolder, host: str, label: str) -> list[Target]:
    own = site_id(host)
    return [each for each in folder.round(label).targets(shard_of(own, folder.shards)) if each.site_id == own]
