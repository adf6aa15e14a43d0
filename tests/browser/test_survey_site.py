"""The page that explains a survey, in a real browser: by night, on paper, on a telephone, without scripts."""

from pathlib import Path

import pytest

from ebbtide.cli.explaining import write_site
from ebbtide.model.configuration import Identity, PlanSection, SurveyConfig, SurveySection
from ebbtide.model.targets import Level
from page_measures import CONTRASTS, LOOKS, OVERFLOWS, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("chromium")]

CONFIG = SurveyConfig(
    survey=SurveySection("<b>Servers</b> of the Donaudampfschiffahrtselektrizitätenhauptbetriebswerkbauunterbeamten"),
    identity=Identity(
        organisation='Université "X" & Söhne <script>alert(1)</script>',
        page="https://survey-of-web-servers.a-rather-long-name-of-a-department.example.org/why/",
        contact="survey@example.org",
        purpose="To learn how soon holes are mended.",
        opt_out="https://survey.example.org/opt-out?with=a&long=" + "x" * 120,
        addresses=("203.0.113.9", "2001:db8:1234:5678:9abc:def0:1234:5678"),
    ),
    plan=PlanSection(level=Level.ACTIVE, robots=True),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(CONFIG, tmp_path_factory.mktemp("site"), 30)[0]


@pytest.mark.parametrize(("width", "scheme", "media"), LOOKS)
def test_it_fits_asks_for_nothing_and_every_word_can_be_read(
    open_page: OpenPage, page: Path, width: int, scheme: str, media: str
) -> None:
    with open_page(page, width=width, scheme=scheme, media=media, script=True) as watched:
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
        assert watched.page.evaluate(OVERFLOWS) == []
        assert watched.requests == [page.as_uri()]
        assert watched.complaints == []
        seen = watched.page.evaluate(CONTRASTS)
    assert len(seen) > 20
    assert [(text, round(ratio, 2)) for text, _, ratio in seen if ratio < 4.5] == []


def test_it_says_who_why_what_how_often_from_where_and_how_to_opt_out_without_scripts(
    open_page: OpenPage, page: Path
) -> None:
    with open_page(page, script=False) as watched:
        text = watched.page.locator("main").inner_text()
        heads = watched.page.get_by_role("heading", level=2).all_inner_texts()
        link = watched.page.locator("#opt-out a").get_attribute("href")
    assert heads[0] == "How to opt out"
    assert {"What is asked", "How often, and how gently", "Whom to ask"} <= set(heads)
    assert CONFIG.identity.organisation in text
    assert "To learn how soon holes are mended." in text
    assert "User-Agent: Ebbtide/" in text
    assert all(address in text for address in CONFIG.identity.addresses)
    assert "/favicon.ico" in text
    assert "A few named paths" in text
    assert "20 requests in a second" in text
    assert link == CONFIG.identity.opt_out
