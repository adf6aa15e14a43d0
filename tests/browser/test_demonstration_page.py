"""The page that the demonstration itself writes, looked at in a real Chromium."""

from pathlib import Path

import msgspec
import pytest

from ebbtide.model.facts import Fact
from page_measures import CONTRASTS, LOOKS, OVERFLOWS, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demonstration")]

FIVE_FACTS = {
    "open to Code Red in July": {
        "metric": "prevalence",
        "check": "code-red-ida",
        "round": "2001-07",
    },
    "the same servers in August": {
        "metric": "same_servers",
        "check": "code-red-ida",
        "category": "of_cohort",
        "from_round": "2001-07",
        "round": "2001-08",
    },
    "administration pages in June": {
        "metric": "prevalence",
        "check": "admin-pages",
        "round": "2001-06",
    },
    "leavers that run a competitor": {
        "metric": "fate",
        "lens": "leavers",
        "category": "competitor",
        "family": "microsoft-iis",
        "from_round": "2001-08",
        "round": "2001-09",
    },
    "Apache's share of addresses": {
        "metric": "share",
        "family": "apache",
        "round": "2001-09",
    },
}


@pytest.fixture
def report(small_demonstration: Path) -> Path:
    return small_demonstration / "report.html"


def the_fact(report: Path, wanted: dict[str, str]) -> Fact:
    facts = msgspec.json.decode((report.parent / "facts.json").read_bytes(), type=list[Fact])
    asked = {"unit": "address", "variant": "all", "lens": "all", **wanted}
    found = [fact for fact in facts if all(getattr(fact, name) == value for name, value in asked.items())]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


@pytest.mark.parametrize("name", FIVE_FACTS)
def test_a_fact_stands_in_the_page_by_its_id_its_value_and_its_words(
    open_page: OpenPage, report: Path, name: str
) -> None:
    fact = the_fact(report, FIVE_FACTS[name])
    assert fact.estimate is not None
    with open_page(report, script=False) as watched:
        shown = watched.page.locator(f'data[data-fact="{fact.id}"]')
        told = [(element.get_attribute("value"), element.text_content()) for element in shown.all()]
    texts = {text for value, text in told if value and float(value) == pytest.approx(fact.estimate)}
    assert texts == {f"{100 * fact.estimate:.1f} %"}


def test_the_headline_says_what_became_of_those_same_servers(open_page: OpenPage, report: Path) -> None:
    july = the_fact(report, FIVE_FACTS["open to Code Red in July"])
    august = the_fact(report, FIVE_FACTS["the same servers in August"])
    with open_page(report) as watched:
        headline = watched.page.locator("h1").inner_text()
    assert july.estimate is not None
    assert august.estimate is not None
    assert f"{100 * july.estimate:.1f} % were open to Code Red" in headline
    assert f"{100 * august.estimate:.1f} % of those same" in headline


@pytest.mark.parametrize(("width", "scheme", "media"), LOOKS)
def test_the_real_page_fits_asks_for_nothing_and_can_be_read(
    open_page: OpenPage, report: Path, width: int, scheme: str, media: str
) -> None:
    with open_page(report, width=width, scheme=scheme, media=media) as watched:
        page = watched.page
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERFLOWS) == []
        assert watched.requests == [report.as_uri()]
        assert watched.complaints == []
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        seen = page.evaluate(CONTRASTS)
        charts = page.get_by_role("img").all()
        assert charts
        assert all(len(chart.locator("desc").inner_html()) > 60 for chart in charts)
    assert len(seen) > 500
    assert [(text, round(ratio, 2)) for text, _, ratio in seen if ratio < 4.5] == []


def test_no_table_that_stands_open_is_cut_off_on_a_wide_screen(open_page: OpenPage, report: Path) -> None:
    cut = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel)"
    with open_page(report, width=1200) as watched:
        assert watched.page.locator(".scroll:visible").count() > 1
        assert watched.page.evaluate(cut) == []
