"""A site's report as one page: no script, no network, readable on paper, in the dark and on a telephone."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup

from ebbtide.publish.environment import colour_rules, make_environment
from ebbtide.publish.formatting import day_words, round_words
from ebbtide.publish.site_report import MARKS, SiteReport, grade_table_rows

_INKS = ("paper", "text", "quiet", "hair", "veil", "shown", "mended", "doubt", "microsoft-iis")


def render_site_page(report: SiteReport) -> str:
    """The page as a whole HTML document that needs nothing beside itself; equal reports give equal octets."""
    style = colour_rules(_INKS) + files("ebbtide.publish").joinpath("templates/site_report.css").read_text(
        encoding="utf-8"
    )
    return (
        _environment()
        .get_template("site_report.html.j2")
        .render(
            report=report,
            style=Markup(style),  # noqa: S704  # our own file
            when=round_words(report.round),
            day=day_words(report.day),
            marks=tuple(MARKS.values()),
            grades=grade_table_rows(),
            rounds=tuple(map(round_words, report.rounds)),
        )
    )


@cache
def _environment() -> Environment:
    return make_environment()
