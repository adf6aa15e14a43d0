"""A site's private report, in a real browser: by night, on paper, on a telephone, without scripts."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from ebbtide.model.sites import Sight, SiteCheck, SiteEvidence, SiteHistory, Standing, TargetSight
from ebbtide.publish.grading import grade_of, own_table, points_of
from ebbtide.publish.site_page import render_site_page
from ebbtide.publish.site_report import Acceptance, Pace, site_report
from page_measures import CONTRASTS, LOOKS, OVERFLOWS, OpenPage
from tide_example import tide_checks

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("chromium")]

HOST = "www.a-shop-with-a-name-that-is-as-long-as-names-may-be-and-a-little-longer.example"
BASE = f"http://{HOST}"
LONG = "<script>alert(1)</script>" + "x" * 170
ROUNDS = tuple(
    Sight(
        label, f"{label}-15", (TargetSight(f"http://{HOST}", "127.0.0.1", "answered", "microsoft-iis", "IIS", "5.0"),)
    )
    for label in ("2001-06", "2001-07", "2001-08", "2001-09")
)
PATHS = ("ssnn", "ssss", "nnns", "ssc-", "nnnn", "snsn", "----")
STANDINGS = (
    *(Standing.FIXED, Standing.OPEN, Standing.NEW, Standing.UNSEEN),
    *(Standing.CLEAN, Standing.FLAPPING, Standing.UNTESTED),
)


def history() -> SiteHistory:
    seen = SiteEvidence("GET", f"{BASE}/{LONG}", 200, "2001-09-15T10:00:00+00:00", "body", LONG, "word", "127.0.0.1")
    checks = tuple(
        SiteCheck(
            info, path, standing, "" if path[-1] in "sn" else "level", "2001-06" if "s" in path else "",
            "2001-07" if "s" in path else "", "2001-08" if path == "ssnn" else "", (seen,) if "s" in path else (),
        )
        for info, path, standing in zip(tide_checks(), PATHS, STANDINGS, strict=True)
    )  # fmt: skip
    return SiteHistory(HOST, ROUNDS, checks)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    told = history()
    points = points_of(told.checks, own_table(), frozenset())
    report = site_report(
        told, grade_of(told.checks, points, own_table(), frozenset()), survey="The <b>tide</b>", peers=None,
        sums=frozenset(), paces={"code-red-ida": Pace("2001-06", 1200, 31.0, 0.8)},
        accepted={"admin-pages": Acceptance("admin-pages", "2001-12-31", LONG, "somebody")},
        user_agent="Ebbtide/0.1", version="0.1.0", now="2 of 7 checks are shown.",
    )  # fmt: skip
    path = tmp_path_factory.mktemp("site") / "index.html"
    path.write_text(render_site_page(report), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme", "media"), LOOKS)
def test_it_fits_asks_for_nothing_and_every_word_can_be_read(
    open_page: OpenPage, page: Path, width: int, scheme: str, media: str
) -> None:
    with open_page(page, width=width, scheme=scheme, media=media, script=True) as watched:
        watched.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
        assert watched.page.evaluate(OVERFLOWS) == []
        assert watched.requests == [page.as_uri()]
        assert watched.complaints == []
        seen = watched.page.evaluate(CONTRASTS)
    assert len(seen) > 30
    assert [(text, round(ratio, 2)) for text, _, ratio in seen if ratio < 4.5] == []


def test_it_tells_what_is_open_what_went_what_is_unsettled_and_how_to_see_it_without_scripts(
    open_page: OpenPage, page: Path
) -> None:
    with open_page(page, script=False) as watched:
        heads = watched.page.get_by_role("heading", level=2).all_inner_texts()
        names = watched.page.get_by_role("heading", level=3).all_inner_texts()
        first = watched.page.locator("article").first
        first.locator("summary").click()
        text = first.inner_text()
        strip = first.locator(".strip").get_attribute("aria-label")
    assert heads == [
        "What can be seen", "What is not seen any more", "What was not settled", "Looked for, and never seen",
        "How to read this",
    ]  # fmt: skip
    assert len(names) == 5
    assert "curl --silent" in text
    assert "half had mended it within 31 days" in text
    assert strip == "June 2001: shown, July 2001: shown, August 2001: shown, September 2001: shown"


def test_no_serious_fault_for_those_who_listen(open_page: OpenPage, page: Path) -> None:
    with open_page(page, script=True) as watched:
        found = Axe().run(watched.page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == []
