"""One self-contained page from facts alone: no script, no network, no clock; equal input gives equal octets."""

from functools import cache
from importlib.resources import files

import msgspec
from jinja2 import Environment
from markupsafe import Markup

from ebbtide.model.facts import Fact
from ebbtide.model.verdicts import CheckInfo
from ebbtide.publish.environment import make_environment
from ebbtide.publish.page import view_of
from ebbtide.publish.palette import style_rules
from ebbtide.publish.suppression import suppress


class RoundLine(msgspec.Struct, frozen=True):
    """A round as the page names it; the reference date is ``YYYY-MM-DD``."""

    label: str
    reference_date: str


class ReportInput(msgspec.Struct, frozen=True):
    """Everything that a page is made of.

    Attributes:
        rounds: In any order; the page puts them in the order of their dates.
        assumptions: What was assumed where nothing is on record; shown whole.
        is_lab: Measured in the lab on loopback: said on the page, and nothing needs to be withheld.
        version: Ebbtide's own.
    """

    survey_name: str
    rounds: tuple[RoundLine, ...]
    facts: tuple[Fact, ...]
    checks: tuple[CheckInfo, ...]
    assumptions: tuple[str, ...]
    is_lab: bool
    version: str


def render_report(report: ReportInput) -> str:
    """The page as text.

    Args:
        report: Facts and what names them. Unless ``is_lab``, cells with too few servers are withheld here.

    Returns:
        A whole HTML document that needs nothing beside itself.
    """
    rounds = sorted(report.rounds, key=lambda line: (line.reference_date, line.label))
    view = view_of(
        report.facts if report.is_lab else suppress(report.facts),
        [(line.label, line.reference_date) for line in rounds],
        report.checks,
        survey_name=report.survey_name,
        assumptions=report.assumptions,
        is_lab=report.is_lab,
        version=report.version,
        style=style_rules() + _style_sheet(),
    )
    return _environment().get_template("report.html.j2").render(view=view, shapes=_SHAPES)


@cache
def _environment() -> Environment:
    environment = make_environment()
    environment.filters["drawn"] = Markup
    return environment


@cache
def _style_sheet() -> str:
    return files("ebbtide.publish").joinpath("templates/report.css").read_text(encoding="utf-8")


def _bar(ink: str) -> Markup:
    return Markup('<rect class="f-{}" x="0" y="1" width="14" height="12"/>').format(ink)


def _dot(ink: str) -> Markup:
    return Markup('<circle class="f-{}" cx="7" cy="7" r="5.5"/>').format(ink)


def _ring(ink: str) -> Markup:
    return Markup('<circle class="f-paper s-{}" cx="7" cy="7" r="5" stroke-width="2"/>').format(ink)


def _diamond(ink: str) -> Markup:
    return Markup('<path class="f-paper s-{}" d="M7,1L13,7L7,13L1,7Z" stroke-width="1.4"/>').format(ink)


def _thin(ink: str) -> Markup:
    return Markup('<rect class="f-{}" x="0" y="5" width="14" height="4"/>').format(ink)


_SHAPES = {"bar": _bar, "thin": _thin, "dot": _dot, "ring": _ring, "diamond": _diamond}
