"""The page that explains a survey to those who meet it in their logs: one file, no script, no network."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec
from jinja2 import Environment

from ebbtide.publish.environment import colour_rules, make_environment

_INKS = ("paper", "text", "quiet", "hair", "veil", "microsoft-iis")


class SurveyPage(msgspec.Struct, frozen=True):
    """What the page says.

    Attributes:
        purpose: Why, in one sentence; empty if it is not written yet.
        contact, opt_out: As they are shown.
        contact_uri, opt_out_uri: As they are linked.
        user_agent: As it stands in every request.
        addresses: From which we ask, each with the names of its reverse DNS; may be empty.
        requests: What is asked of everybody, one request each.
        is_active: Some servers are asked for named paths, with an authority.
        has_robots: robots.txt is read before them.
        most_attempts: In a round.
        per_prefix: How fast a network is asked, in words.
        updated: Day on which the page was written.
    """

    survey_name: str
    organisation: str
    purpose: str
    page: str
    contact: str
    contact_uri: str
    opt_out: str
    opt_out_uri: str
    user_agent: str
    addresses: Mapping[str, tuple[str, ...]]
    requests: tuple[str, ...]
    is_active: bool
    has_robots: bool
    most_attempts: int
    per_prefix: str
    updated: str
    language: str = "en"


def render_survey_page(page: SurveyPage) -> str:
    """The page as a whole HTML document that needs nothing beside itself."""
    style = colour_rules(_INKS) + files("ebbtide.publish").joinpath("templates/survey_site.css").read_text(
        encoding="utf-8"
    )
    return _environment().get_template("survey_site.html.j2").render(page=page, style=style)


@cache
def _environment() -> Environment:
    return make_environment()
