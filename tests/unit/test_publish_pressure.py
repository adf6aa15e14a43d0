"""Attack pressure on the page: what is withheld cannot be worked out, gaps stay gaps, the hole stands beside."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from attack_example import SEEN, attack_facts
from ebbtide.model.facts import Fact
from ebbtide.publish.book import FactBook
from ebbtide.publish.exhibit_pressure import attack_words, attacks_of, pressure_exhibit, pressure_trends
from ebbtide.publish.figures import Figure
from ebbtide.publish.formatting import a_day
from ebbtide.publish.report import render_report
from ebbtide.publish.suppression import suppress
from tide_example import ROUNDS, make_fact, tide_facts, tide_report

DATES = [(line.label, line.reference_date) for line in ROUNDS]
UNITS = ("request", "visit", "source")


def month_of(families: Mapping[str, tuple[int, int, int]]) -> list[Fact]:
    together = [sum(counts[place] for counts in families.values()) for place in range(3)]
    return [
        make_fact(metric="pressure", round="", unit=unit, lens="month", lens_value="2001-09", family=family,
                  estimate=n / 20, n=n, base=20)
        for family, counts in {"": together, **families}.items()
        for unit, n in zip(UNITS, counts, strict=True)
    ]  # fmt: skip


def shown(facts: list[Fact]) -> set[str]:
    return {fact.family for fact in suppress(facts) if not fact.suppressed}


@pytest.fixture(scope="module")
def tree() -> html.HtmlElement:
    report = tide_report(facts=(*tide_facts(), *attack_facts()), is_lab=False, assumptions=())
    return html.document_fromstring(render_report(report))


def test_a_family_of_one_or_two_sources_is_withheld_in_all_units_with_another_that_guards_it() -> None:
    facts = month_of({"a": (90, 80, 70), "b": (9, 8, 7), "c": (500, 2, 2)})
    assert shown(facts) == {"", "a"}
    assert {(fact.family, fact.unit) for fact in suppress(facts) if fact.suppressed} == {
        (family, unit) for family in "bc" for unit in UNITS
    }


def test_a_family_that_did_not_come_is_shown_with_none() -> None:
    assert shown(month_of({"a": (90, 80, 70), "b": (0, 0, 0)})) == {"", "a", "b"}


def test_where_nothing_else_can_be_hidden_the_whole_is() -> None:
    assert shown(month_of({"a": (5, 2, 2)})) == set()
    assert shown(month_of({"a": (5, 2, 2), "b": (7, 1, 1)})) == {""}


def test_few_observed_days_withhold_nothing() -> None:
    facts = [msgspec.structs.replace(fact, base=2) for fact in month_of({"a": (90, 80, 70)})]
    assert shown(facts) == {"", "a"}


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 30), st.integers(0, 9), st.integers(0, 9)), max_size=8
    )
)
def test_what_is_withheld_cannot_be_worked_out_from_what_is_shown(families: dict[str, tuple[int, int, int]]) -> None:
    families = {name: (max(counts), counts[1], counts[2] if max(counts) else 0) for name, counts in families.items()}
    told = shown(month_of(families))
    hidden = set(families) - told
    for name, counts in families.items():
        assert not (0 < counts[2] < 3 and name in told)
    if hidden and "" in told:
        assert len(hidden) > 1
        assert sum(families[name][2] for name in hidden) >= 3


def test_a_half_life_is_withheld_where_no_month_of_its_family_can_be_shown() -> None:
    facts = suppress(attack_facts())
    withheld = {fact.family for fact in facts if fact.metric == "pressure_half_life" and fact.suppressed}
    assert withheld == {"santy", "sumthin", "code-red-1"}


def test_every_figure_of_the_section_is_that_of_a_fact_and_withheld_ones_are_not_there(tree: html.HtmlElement) -> None:
    facts = {fact.id: fact for fact in (*attack_facts(), *tide_facts())}
    found = tree.xpath("//section[@id='pressure']//data")
    assert len(found) > 30
    for element in found:
        values = {
            repr(each) for each in msgspec.to_builtins(facts[element.get("data-fact")]).values() if each is not None
        }
        assert element.get("value") in values
    text = " ".join(tree.xpath("//section[@id='pressure']")[0].text_content().split())
    assert "Nimda" in text
    assert "sumthin" not in text
    assert "Withheld, for fewer than three sources or to guard those: 4 families and months." in text


def test_the_section_stands_in_the_list_of_sections_and_only_where_there_are_attacks(tree: html.HtmlElement) -> None:
    assert tree.xpath("//nav//a[@href='#pressure']/text()") == ["Attack pressure"]
    without = html.document_fromstring(render_report(tide_report()))
    assert without.xpath("//*[@id='pressure'] | //nav//a[@href='#pressure']") == []


def test_the_numbers_of_the_rounds_are_the_same_with_attacks_beside_them() -> None:
    with_attacks = html.document_fromstring(render_report(tide_report(facts=(*tide_facts(), *attack_facts()))))
    without = html.document_fromstring(render_report(tide_report()))
    for section in ("table-of-2001", "same-servers", "fates", "shares", "rounds", "bases"):
        one, other = (page.xpath(f"//section[@id='{section}']")[0] for page in (with_attacks, without))
        assert html.tostring(one) == html.tostring(other)


def test_a_month_that_nobody_saw_is_a_gap_and_none_is_none() -> None:
    book = FactBook(attack_facts())
    attacks = attacks_of(book, DATES)
    assert attacks.months == ("2001-06", "2001-07", "2001-08", "2001-09")
    exhibit = pressure_exhibit(book, {}, DATES)
    assert exhibit is not None
    for _, markup in exhibit.drawings:
        account = html.fromstring(markup).xpath("//*[local-name()='desc']/text()")[0]
        assert "All attacks: June 2001 0.00, July 2001 15.2, August 2001 not observed, September 2001 63.2." in account


def test_the_hole_stands_beside_the_attack_that_uses_it_where_rounds_judged_it() -> None:
    book = FactBook((*tide_facts(), *attack_facts()))
    attacks = attacks_of(book, DATES)
    assert attacks.check_of("code-red-2") == "code-red-ida"
    assert attacks.check_of("sumthin") == ""
    exhibit = pressure_exhibit(book, {"code-red-ida": "Open to Code Red"}, DATES)
    assert exhibit is not None
    row = next(row for row in exhibit.table.rows if row[:2] == ("Code Red II", "September 2001"))
    cell = row[-1]
    assert isinstance(cell, tuple)
    assert cell[0] == "Open to Code Red"
    assert isinstance(cell[-1], Figure)
    prevalence = book.prevalence("code-red-ida", "2001-09")
    assert prevalence is not None
    assert cell[-1].fact == prevalence.id
    alone = pressure_exhibit(FactBook(attack_facts()), {}, DATES)
    assert alone is not None
    assert len(alone.table.columns) == len(exhibit.table.columns) - 1


def test_no_month_of_which_nothing_can_be_shown_makes_a_section() -> None:
    facts = suppress(month_of({"a": (5, 2, 2)}))
    assert pressure_exhibit(FactBook(facts), {}, DATES) is None


def test_trends_are_told_in_words_with_their_days() -> None:
    table = pressure_trends(FactBook(attack_facts()))
    told = {row[0]: row[2] for row in table.rows}
    assert told == {
        "All attacks": "no trend", "Code Red I": "no trend", "Code Red II": "visits double in",
        "Nimda": "visits halve in", "Santy": "no trend", "sumthin": "no trend",
    }  # fmt: skip


def test_a_family_that_is_not_ours_stands_for_itself() -> None:
    assert attack_words("my-own\x07") == "my-own\\x07"
    assert set(SEEN) == {"2001-06", "2001-07", "2001-09"}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "0.00"),
        (0.001, "under 0.01"),
        (0.305, "0.30"),
        (9.994, "9.99"),
        (12.34, "12.3"),
        (1234.5, "1,234"),
    ],
)
def test_a_count_a_day_is_written_with_as_many_digits_as_it_has(number: float | None, text: str) -> None:
    assert a_day(number) == text
