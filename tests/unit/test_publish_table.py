from ebbtide.publish.book import FactBook, order_of_rounds
from ebbtide.publish.sentence import finding
from ebbtide.publish.table import TideCell, fate_rows, tide_table
from tide_example import IIS, LABELS, make_fact, tide_facts


def _cell(check: str, label: str) -> TideCell:
    row = next(row for row in tide_table(tide_facts()) if row.check == check)
    return next(cell for cell in row.cells if cell.round == label)


def test_published_figures_stand_beside_the_measured_ones() -> None:
    cell = _cell("code-red-ida", "2001-07")
    assert (cell.published, cell.measured.text, cell.n.text, cell.base.text) == ("34 %", "34.0 %", "836", "2,459")
    assert _cell("script-source", "2001-08").published == "under 4 %"
    assert _cell("any-hole", "2001-06").published == "over 60 %"


def test_where_nothing_was_published_the_table_says_nothing() -> None:
    assert _cell("code-red-ida", "2001-06").published == ""
    assert _cell("admin-pages", "2001-07").published == ""


def test_a_figure_of_another_population_says_so() -> None:
    assert _cell("backdoor-mark", "2001-08").published == "some 10 % of e-commerce sites"


def test_the_same_servers_have_both_readings_and_those_that_vanished_beside_them() -> None:
    row = next(row for row in tide_table(tide_facts()) if row.check == "code-red-ida")
    same = next(cell for cell in row.same if (cell.from_round, cell.round) == ("2001-07", "2001-08"))
    assert same.published == "2 %"
    assert (same.of_cohort.text, same.of_shown_then.text) == ("2.0 %", "6.1 %")
    assert (same.gone_refused.text, same.gone_silent.text) == ("17", "8")


def test_checks_keep_their_order_and_unknown_ones_follow_by_name() -> None:
    extra = make_fact(metric="prevalence", round="2001-06", unit="site", check="a-new-one", n=5, base=20, estimate=0.25)
    rows = tide_table((*tide_facts(), extra), names={"a-new-one": "A new hole"})
    assert [row.check for row in rows[:2]] == ["code-red-ida-reachable", "code-red-ida"]
    assert rows[-1].name == "A new hole"
    assert rows[-1].cells[1].measured.is_blank


def test_an_empty_survey_has_an_empty_table() -> None:
    assert tide_table(()) == ()
    assert fate_rows(()) == ()


def test_the_fates_of_the_leavers_are_counted_in_addresses() -> None:
    rows = [row for row in fate_rows(tide_facts()) if (row.from_round, row.round) == ("2001-08", "2001-09")]
    assert {row.fate: row.n.text for row in rows}["competitor"] == "16"
    assert {(row.unit, row.family, row.base.text) for row in rows} == {("address", IIS, "625")}


def test_rounds_are_ordered_by_what_is_compared_with_what() -> None:
    facts = [
        make_fact(metric="same_servers", round="autumn", from_round="summer", unit="site"),
        make_fact(metric="same_servers", round="summer", from_round="winter", unit="site"),
    ]
    assert order_of_rounds(facts) == ("winter", "summer", "autumn")
    assert FactBook(tide_facts()).rounds == LABELS


def test_rounds_that_compare_in_a_circle_still_have_an_order() -> None:
    facts = [
        make_fact(metric="fate", round="a", from_round="b", unit="site"),
        make_fact(metric="fate", round="b", from_round="a", unit="site"),
    ]
    assert set(order_of_rounds(facts)) == {"a", "b"}


def test_the_finding_speaks_of_the_same_servers_and_of_those_left_out() -> None:
    assert finding(tide_facts()) == (
        "Of the Microsoft-IIS addresses judged in July 2001, 34.0 % were open to Code Red; 2.0 % of those same "
        "addresses in August 2001, leaving out 17 that then refused and 8 that were silent."
    )


def test_the_finding_and_the_table_speak_of_sites_where_no_address_was_counted() -> None:
    facts = [fact for fact in tide_facts() if fact.unit == "site"]
    assert finding(facts).startswith("Of the Microsoft-IIS sites judged in July 2001, 34.0 %")
    assert tide_table(facts) == tide_table(tide_facts(), unit="site")


def test_the_finding_takes_the_steepest_fall_where_2001_is_not_surveyed() -> None:
    moved = [
        fact
        for fact in tide_facts()
        if fact.check != "code-red-ida" and fact.round != "2001-09" and "2001-06" not in {fact.round, fact.from_round}
    ]
    assert finding(moved).startswith("Of the Microsoft-IIS addresses judged in July 2001, 45.0 % had at least one")


def test_the_finding_of_a_single_round_gives_count_and_base() -> None:
    facts = [fact for fact in tide_facts() if fact.round == "2001-06" and not fact.from_round]
    assert finding(facts) == (
        "Of the Microsoft-IIS addresses judged in June 2001, 62.0 % had at least one of the holes (1,534 of 2,475)."
    )


def test_the_finding_without_checks_tells_who_answered() -> None:
    facts = [fact for fact in tide_facts() if fact.metric == "outcome" and fact.round == "2001-07"]
    assert finding(facts) == "In July 2001, 11,740 of 12,000 planned sites answered; no hole has been measured."


def test_the_finding_of_nothing_is_that_nothing_was_measured() -> None:
    assert finding(()) == "Nothing has been measured yet."
