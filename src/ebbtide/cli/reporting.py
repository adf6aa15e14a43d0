"""From a survey's folder to the page that it publishes."""

from collections.abc import Sequence
from pathlib import Path

from ebbtide import __version__
from ebbtide.judge.checks.catalogue import list_checks
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.facts import Fact
from ebbtide.publish.report import ReportInput, RoundLine, render_report
from ebbtide.rounds.folder import SurveyFolder


def write_report(
    folder: SurveyFolder,
    config: SurveyConfig,
    facts: Sequence[Fact],
    path: Path,
    *,
    is_lab: bool = False,
    assumptions: Sequence[str] = (),
) -> None:
    """Render the facts as one self-contained page and put it in place whole."""
    labels = sorted(folder.labels(), key=lambda label: folder.round(label).reference_date)
    page = render_report(
        ReportInput(
            survey_name=config.survey.name,
            rounds=tuple(RoundLine(label, folder.round(label).reference_date) for label in labels),
            facts=tuple(facts),
            checks=tuple(list_checks(config.checks, folder.path)),
            assumptions=tuple(assumptions),
            is_lab=is_lab,
            version=__version__,
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(page, encoding="utf-8")
    unfinished.replace(path)
