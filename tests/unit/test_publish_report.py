import re
from html.parser import HTMLParser

import msgspec
import pytest
from lxml import etree, html

from ebbtide.model.facts import Fact
from ebbtide.publish.palette import INKS
from ebbtide.publish.report import RoundLine, render_report
from tide_example import make_fact, tide_checks, tide_facts, tide_report

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&\x1b[31m\u202e\u2066\x00\x07"


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(tide_report())


@pytest.fixture(scope="module")
def tree(page: str) -> html.HtmlElement:
    return html.document_fromstring(page)


def test_the_same_facts_give_the_same_octets(page: str) -> None:
    assert render_report(tide_report()) == page


def test_rounds_stand_in_the_order_of_their_dates_whatever_order_they_come_in(page: str) -> None:
    report = tide_report()
    assert render_report(msgspec.structs.replace(report, rounds=report.rounds[::-1])) == page


def test_the_page_needs_nothing_beside_itself(tree: html.HtmlElement) -> None:
    assert not tree.xpath("//script | //iframe | //object | //embed | //link[not(starts-with(@href, 'data:'))]")
    assert not tree.xpath("//@src | //@srcset | //@style | //@*[starts-with(name(), 'on')]")
    style = " ".join(tree.xpath("//style/text()"))
    assert "url(" not in style
    assert "@import" not in style


def test_no_date_but_those_of_the_rounds_stands_on_the_page(tree: html.HtmlElement) -> None:
    years = set(re.findall(r"\b(?:19|20)\d\d\b", " ".join(tree.xpath("//body//text()"))))
    assert years == {"2001"}


@pytest.mark.parametrize(
    ("metric", "wanted", "words", "text"),
    [
        ("prevalence", {"check": "code-red-ida", "round": "2001-07"}, "The table of 2001", "34.0 %"),
        ("same_servers", {"check": "code-red-ida", "category": "of_shown_then", "from_round": "2001-07",
                          "round": "2001-08"}, "of those same servers that showed it the first time", "6.0 %"),
        ("fate", {"lens": "leavers", "category": "competitor", "unit": "address", "from_round": "2001-08",
                  "round": "2001-09"}, "that left Microsoft-IIS", "2.6 %"),
        ("share", {"family": "apache", "unit": "address", "round": "2001-09"}, "of the addresses", "59.3 %"),
        ("outcome", {"category": "answered", "round": "2001-09"}, "planned sites answered", "10,818"),
    ],
)  # fmt: skip
def test_five_facts_are_found_by_their_words_and_numbers(
    tree: html.HtmlElement, metric: str, wanted: dict[str, str], words: str, text: str
) -> None:
    wanted = {"unit": "site", **wanted}
    fact = next(
        fact for fact in tide_facts() if fact.metric == metric and all(getattr(fact, k) == v for k, v in wanted.items())
    )
    shown = [element.text for element in tree.xpath(f"//data[@data-fact='{fact.id}']")]
    assert text in shown
    near = " ".join(tree.xpath(f"//data[@data-fact='{fact.id}']/ancestor::*[self::section or self::h1]//text()"))
    assert words in " ".join(near.split())


def test_every_figure_bears_the_id_and_the_unrounded_value_of_a_fact(tree: html.HtmlElement) -> None:
    facts = {fact.id: fact for fact in tide_facts()}
    elements = tree.xpath("//data")
    assert len(elements) > 500
    for element in elements:
        fact = facts[element.get("data-fact")]
        values = {repr(value) for value in msgspec.to_builtins(fact).values() if isinstance(value, int | float)}
        assert element.get("value") in values


def test_every_chart_has_a_name_an_account_in_words_and_its_table(tree: html.HtmlElement) -> None:
    figures = tree.xpath("//figure")
    assert len(figures) == 6
    for figure in figures:
        drawings = figure.xpath(".//*[local-name()='svg'][@role='img']")
        assert len(drawings) == 2
        for drawing in drawings:
            named = [figure.xpath(f".//*[@id='{name}']")[0] for name in drawing.get("aria-labelledby").split()]
            assert [element.tag for element in named] == ["title", "desc"]
            assert re.search(r"\d", named[1].text)
        assert figure.xpath(".//details//table//data")
        assert figure.xpath(".//p[@class='source']")[0].text.startswith("Source: ")


def test_no_two_elements_share_an_id_and_every_anchor_leads_somewhere(tree: html.HtmlElement) -> None:
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in tree.xpath("//a/@href") if link.startswith("#")} <= set(ids)


def test_vanished_servers_are_named_and_never_counted_as_mended(tree: html.HtmlElement) -> None:
    section = tree.xpath("//section[@id='same-servers']")[0].text_content()
    assert "Vanished is not mended" in section
    assert "Refuses connections" in section


def test_a_lab_says_that_it_is_one_and_a_survey_does_not(page: str) -> None:
    assert "Measured in a miniature Internet on loopback" in page
    assert "loopback" not in render_report(tide_report(is_lab=False, assumptions=()))


def test_outside_the_lab_small_cells_are_withheld_with_their_reason() -> None:
    small = make_fact(
        metric="prevalence",
        round="2001-06",
        unit="site",
        family="microsoft-iis",
        check="rare",
        n=2,
        base=97531,
        estimate=0.00002,
    )
    report = tide_report(facts=(*tide_facts(), small))
    published = render_report(msgspec.structs.replace(report, is_lab=False))
    assert "97,531" in render_report(report)
    assert "97,531" not in published
    assert "withheld: too few servers" in published


def _spoiled(fact: Fact) -> Fact:
    return msgspec.structs.replace(
        fact,
        family=HOSTILE if fact.family == "zeus" else fact.family,
        check=HOSTILE if fact.check == "server-path" else fact.check,
        category=HOSTILE if fact.category in {"response/reset", "masked"} else fact.category,
        note=HOSTILE,
        quality=HOSTILE,
        method=HOSTILE,
    )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_hostile_text_comes_out_dead_wherever_it_can_stand() -> None:
    facts = tuple(_spoiled(fact) for fact in tide_facts())
    check = msgspec.structs.replace(
        tide_checks()[0], id=HOSTILE, name=HOSTILE, remedy=HOSTILE, words=HOSTILE, version=HOSTILE, severity=HOSTILE,
        families=(HOSTILE,), sources=(HOSTILE, f"javascript:{HOSTILE}", f"https://example.org/{HOSTILE}"),
    )  # fmt: skip
    rounds = (*tide_report().rounds, RoundLine(HOSTILE, HOSTILE))
    page = render_report(
        tide_report(
            facts=facts, checks=(check,), survey_name=HOSTILE, assumptions=(HOSTILE,), version=HOSTILE, rounds=rounds
        )
    )
    parsed = _Tags()
    parsed.feed(page)
    assert "script" not in parsed.tags
    assert "img" not in parsed.tags
    assert not parsed.handlers
    assert 'href="javascript' not in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
    assert "&lt;script&gt;" in page


def test_a_page_without_any_fact_still_stands() -> None:
    page = render_report(tide_report(facts=(), rounds=(), checks=(), assumptions=()))
    assert "Nothing has been measured yet." in page
    assert "<figure" not in page


def test_a_survey_of_other_years_makes_no_comparison_with_2001() -> None:
    def moved(label: str) -> str:
        return label.replace("2001", "2031")

    report = tide_report(is_lab=False)
    facts = tuple(
        msgspec.structs.replace(fact, round=moved(fact.round), from_round=moved(fact.from_round))
        for fact in report.facts
    )
    rounds = tuple(RoundLine(moved(line.label), moved(line.reference_date)) for line in report.rounds)
    page = render_report(msgspec.structs.replace(report, facts=facts, rounds=rounds, checks=()))
    assert "Redmond" not in page
    assert "The holes by round" in page


def test_colours_of_marks_and_text_are_legible_on_both_pages() -> None:
    for name, ink in INKS.items():
        if name in {"paper", "hair", "veil"}:
            continue
        assert _contrast(ink.light, INKS["paper"].light) >= 4.5, name
        assert _contrast(ink.dark, INKS["paper"].dark) >= 4.5, name


def test_no_two_roles_are_drawn_in_one_colour_since_the_colour_becomes_the_class() -> None:
    assert len({ink.light for ink in INKS.values()}) == len(INKS)


def test_narrow_drawings_are_drawn_for_a_telephone(tree: html.HtmlElement) -> None:
    for drawing in tree.xpath("//div[@class='drawing narrow']/*[local-name()='svg']"):
        width = float((drawing.get("viewbox") or drawing.get("viewBox")).split()[2])
        assert width <= 345


def test_drawings_are_well_formed_on_their_own(page: str) -> None:
    drawings = re.findall(r"<svg xmlns.*?</svg>", page, flags=re.DOTALL)
    assert len(drawings) == 12
    for drawing in drawings:
        etree.fromstring(drawing)


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_months_keep_their_order_where_the_first_ones_are_withheld() -> None:
    tree = html.document_fromstring(render_report(tide_report(is_lab=False)))
    texts = tree.xpath("//figure[@id='figure-tide']//div[@class='drawing wide']//*[local-name()='text']/text()")
    months = [text for text in texts if text in {"Jun", "Jul", "Aug", "Sep"}]
    assert months == ["Jun", "Jul", "Aug", "Sep"] * 7


def test_holes_that_cannot_be_compared_are_not_counted_in_the_title() -> None:
    tree = html.document_fromstring(render_report(tide_report(is_lab=False)))
    assert tree.xpath("//figure[@id='figure-same']//h3")[0].text_content().startswith("6 of 6 holes are rarer")
