from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe

from attack_example import attack_facts
from ebbtide.publish.report import render_report
from page_measures import A4_WITHOUT_MARGINS, CONTRASTS, LETTER_SIZES, LOOKS, OVERFLOWS, WIDTHS, OpenPage
from tide_example import tide_report

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("chromium")]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_report(tide_report()), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme", "media"), LOOKS)
def test_the_page_fits_asks_for_nothing_and_complains_of_nothing(
    open_page: OpenPage, report: Path, width: int, scheme: str, media: str
) -> None:
    with open_page(report, width=width, scheme=scheme, media=media) as watched:
        page = watched.page
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERFLOWS) == []
        assert watched.requests == [report.as_uri()]
        assert watched.complaints == []


@pytest.mark.parametrize(("width", "scheme", "media"), LOOKS)
def test_all_text_stands_out_from_what_is_behind_it(
    open_page: OpenPage, report: Path, width: int, scheme: str, media: str
) -> None:
    with open_page(report, width=width, scheme=scheme, media=media) as watched:
        watched.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        seen = watched.page.evaluate(CONTRASTS)
    assert sum(is_drawn for _, is_drawn, _ in seen) > 60
    assert len(seen) > 1000
    assert [(text, round(ratio, 2)) for text, _, ratio in seen if ratio < 4.5] == []


def test_the_dark_page_is_dark_and_the_printed_one_never(open_page: OpenPage, report: Path) -> None:
    def paper(**look: str) -> str:
        with open_page(report, **look) as watched:
            return str(watched.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')"))

    assert paper(scheme="dark") != paper(scheme="light")
    assert paper(scheme="dark", media="print") == paper(scheme="light")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_letters_of_the_charts_are_never_scaled_below_eleven_pixels(
    open_page: OpenPage, report: Path, width: int
) -> None:
    with open_page(report, width=width) as watched:
        sizes = watched.page.evaluate(LETTER_SIZES)
    assert sizes
    assert min(sizes) >= 11


@pytest.mark.parametrize("width", WIDTHS)
def test_each_chart_is_seen_once_and_has_a_name_and_an_account(open_page: OpenPage, report: Path, width: int) -> None:
    with open_page(report, width=width) as watched:
        figures = watched.page.locator("figure")
        assert figures.count() == 6
        for figure in figures.all():
            chart = figure.get_by_role("img")
            assert chart.count() == 1
            assert len(chart.locator("desc").inner_html()) > 60


def test_without_scripts_nothing_is_missing(open_page: OpenPage, report: Path) -> None:
    with open_page(report, script=False) as watched:
        page = watched.page
        assert page.locator("h1").inner_text().startswith("Of the Microsoft-IIS addresses judged in July 2001, 34.0 %")
        assert page.get_by_role("img").count() == 6
        page.get_by_text("The numbers: Prevalence by round").click()
        assert page.get_by_role("cell", name="33.5 to 35.0 %").first.is_visible()
        assert watched.complaints == []


def test_on_paper_every_table_is_unfolded_and_no_chart_is_cut(
    open_page: OpenPage, report: Path, tmp_path: Path
) -> None:
    with open_page(report, width=A4_WITHOUT_MARGINS, media="print") as watched:
        page = watched.page
        assert page.evaluate("[...document.querySelectorAll('details')].every(d => !d.open)")
        heights = page.evaluate(
            "[...document.querySelectorAll('details table')].map(t => t.getBoundingClientRect().height)"
        )
        assert len(heights) >= 7
        assert min(heights) > 20
        breaks = page.evaluate(
            "[...document.querySelectorAll('.drawing.wide')].map(d => getComputedStyle(d).breakInside)"
        )
        assert set(breaks) == {"avoid"}
        wide = page.evaluate("[...document.querySelectorAll('table')].map(t => t.getBoundingClientRect().right)")
        assert max(wide) <= A4_WITHOUT_MARGINS + 1
        paper = page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_axe_finds_no_serious_fault(open_page: OpenPage, report: Path, width: int, scheme: str) -> None:
    with open_page(report, width=width, scheme=scheme) as watched:
        found = Axe().run(watched.page).response["violations"]
    assert [
        (fault["id"], fault["nodes"][0]["html"][:100]) for fault in found if fault["impact"] in {"serious", "critical"}
    ] == []


def test_hostile_text_runs_nothing_in_a_real_browser(open_page: OpenPage, tmp_path: Path) -> None:
    hostile = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    path = tmp_path / "hostile.html"
    path.write_text(
        render_report(tide_report(survey_name=hostile, assumptions=(hostile,), version=hostile)), encoding="utf-8"
    )
    with open_page(path) as watched:
        assert watched.page.title() != "taken"
        assert watched.page.locator("script, img[src]").count() == 0
        assert watched.requests == [path.as_uri()]
        assert watched.page.get_by_text(hostile).first.is_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_with_withheld_cells_fits_and_gives_the_reason(open_page: OpenPage, tmp_path: Path, width: int) -> None:
    path = tmp_path / "withheld.html"
    path.write_text(render_report(tide_report(is_lab=False, assumptions=())), encoding="utf-8")
    with open_page(path, width=width) as watched:
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
        assert watched.page.evaluate(OVERFLOWS) == []
        reason = watched.page.locator(".tide").get_by_text("withheld: too few servers").first
        assert reason.bounding_box()["width"] > 60


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication of a survey that keeps attacks too."""
    path = tmp_path_factory.mktemp("attacked") / "attacked.html"
    facts = (*tide_report().facts, *attack_facts())
    path.write_text(render_report(tide_report(facts=facts, is_lab=False, assumptions=())), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme", "media"), LOOKS)
def test_attack_pressure_fits_stands_out_and_asks_for_nothing(
    open_page: OpenPage, attacked: Path, width: int, scheme: str, media: str
) -> None:
    with open_page(attacked, width=width, scheme=scheme, media=media) as watched:
        page = watched.page
        page.evaluate("document.querySelectorAll('#pressure details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERFLOWS) == []
        assert media == "print" or min(page.evaluate(LETTER_SIZES)) >= 11
        assert [(text, round(ratio, 2)) for text, _, ratio in page.evaluate(CONTRASTS) if ratio < 4.5] == []
        assert watched.requests == [attacked.as_uri()]
        assert watched.complaints == []


def test_attack_pressure_is_there_without_scripts_with_a_gap_in_its_line(open_page: OpenPage, attacked: Path) -> None:
    with open_page(attacked, script=False) as watched:
        section = watched.page.locator("#pressure")
        chart = section.get_by_role("img")
        assert chart.count() == 1
        assert "August 2001 not observed" in chart.locator("desc").inner_html()
        lines = chart.locator("path").evaluate_all("paths => paths.map(path => path.getAttribute('d'))")
        assert any(line.count("M") > 1 for line in lines if line and "L" in line)
        section.get_by_text("The numbers: Attacks a day by family and month").click()
        assert section.get_by_role("cell", name="50.6 to 82.2").first.is_visible()
        assert watched.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_no_serious_fault_in_attack_pressure(
    open_page: OpenPage, attacked: Path, width: int, scheme: str
) -> None:
    with open_page(attacked, width=width, scheme=scheme) as watched:
        found = Axe().run(watched.page, context="#pressure").response["violations"]
    assert [fault["id"] for fault in found if fault["impact"] in {"serious", "critical"}] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_long_names_never_push_the_page_aside(open_page: OpenPage, tmp_path: Path, width: int) -> None:
    long = "a-name-without-any-end-" * 12
    facts = tuple(
        msgspec.structs.replace(
            fact,
            family=long if fact.family == "zeus" else fact.family,
            check=long if fact.check == "any-hole" else fact.check,
        )
        for fact in tide_report().facts
    )
    check = msgspec.structs.replace(
        tide_report().checks[0], id=long, name=long, remedy=long, sources=(f"https://{long}",)
    )
    path = tmp_path / "long.html"
    report = tide_report(facts=facts, checks=(check,), survey_name=long, assumptions=(long,), version=long)
    path.write_text(render_report(report), encoding="utf-8")
    with open_page(path, width=width) as watched:
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
        assert watched.page.evaluate(OVERFLOWS) == []
        letters = watched.page.evaluate(LETTER_SIZES)
    assert min(letters) >= 11
