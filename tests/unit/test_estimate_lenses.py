"""Facts through one lens at a time: by hand, as a partition, suppressed so that nothing is given back, as a command."""

import random
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest

from command_line import ebbtide
from ebbtide.conduct.prefix_names import Wanted, read_prefix_names
from ebbtide.estimate import lens_facts
from ebbtide.estimate.compute import compute_facts
from ebbtide.estimate.lens_facts import compute_lens_facts
from ebbtide.estimate.lenses import CUBES, LENSES, AddressTables
from ebbtide.model.errors import ConductError, EstimateError
from ebbtide.model.facts import Fact
from ebbtide.publish.suppression import LEAST_BASE, LEAST_SHOWN, suppress
from ebbtide.rounds.folder import SurveyFolder
from estimate_rounds import IDA, IIS, JULY, Seen, build_round, check_info, one, survey_at

HOLE = "server-path"
EVERYBODY = check_info(HOLE, "c" * 16, families=())
CHECKS = (check_info(), EVERYBODY)


def operator(address: str) -> str:
    return {"127.1": "big", "127.2": "small"}.get(address.rpartition(".")[0].rpartition(".")[0], "")


TABLES = AddressTables(operator=operator, country=lambda address: "SE" if address.startswith("127.1") else "")


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    """Seven sites: four under .example at the big operator, of which one does not answer; two small; one of nobody."""
    made = survey_at(tmp_path)
    build_round(
        made,
        JULY,
        [
            Seen("a.example", "127.1.0.1", f"{IIS}/5.0", {IDA: "shown", HOLE: "shown"}, stratum="top"),
            Seen("b.example", "127.1.0.2", f"{IIS}/5.0", {HOLE: "shown"}, stratum="top"),
            Seen("c.example", "127.1.0.3", "apache/1.3", {}, stratum="top"),
            Seen("d.example", "127.1.0.4", "refused", stratum="rest"),
            Seen("e.test", "127.2.0.1", "apache/1.3", {HOLE: "shown"}, stratum="rest"),
            Seen("f.test", "127.2.0.2", "unknown", {HOLE: "cannot_tell/truncated"}, stratum="rest"),
            Seen("127.3.0.1", "127.3.0.1", f"{IIS}/4.0", {}, stratum="rest"),
        ],
        CHECKS,
    )
    return made


def test_shares_by_every_lens_by_hand(folder: SurveyFolder) -> None:
    facts = compute_lens_facts(folder, tables=TABLES)

    def told(lens: str, value: str, check: str = HOLE) -> tuple[int | None, int | None, float | None, float | None]:
        fact = one(facts, metric="prevalence", unit="site", lens=lens, lens_value=value, check=check)
        return fact.n, fact.base, fact.bound_low, fact.bound_high

    assert told("tld", "example") == (2, 3, 2 / 4, 3 / 4)
    assert told("tld", "test") == (1, 1, 1 / 2, 2 / 2)
    assert told("tld", "none") == (0, 1, 0.0, 0.0)
    assert told("family", IIS) == (2, 3, 2 / 3, 2 / 3)
    assert told("family", "apache") == (1, 2, 1 / 2, 1 / 2)
    assert told("operator", "big") == (2, 3, 2 / 4, 3 / 4)
    assert told("operator", "none") == (0, 1, 0.0, 0.0)
    assert told("country", "SE") == (2, 3, 2 / 4, 3 / 4)
    assert told("transport", "plain") == (3, 5, 3 / 7, 5 / 7)
    assert told("stratum", "top") == (2, 3, 2 / 3, 2 / 3)
    assert told("tld", "example", IDA)[:2] == (1, 2)
    assert not [fact for fact in facts if fact.lens == "family" and fact.check == IDA]
    refused = one(facts, metric="outcome", unit="site", lens="operator", lens_value="big", category="refused")
    assert (refused.n, refused.base, refused.estimate) == (1, 4, 0.25)


def test_the_effective_number_of_operators_by_hand(folder: SurveyFolder) -> None:
    facts = compute_lens_facts(folder, tables=TABLES)
    fact = one(facts, metric="operators", unit="site")
    assert (fact.n, fact.base) == (2, 6)
    assert fact.estimate == pytest.approx(1 / ((4 / 6) ** 2 + (2 / 6) ** 2))
    assert not [fact for fact in compute_lens_facts(folder) if fact.metric == "operators"]


def test_a_cell_that_one_operator_has_most_of_is_marked(folder: SurveyFolder) -> None:
    facts = compute_lens_facts(folder, tables=TABLES)
    by_name = {
        fact.lens_value: fact.suppressed
        for fact in facts
        if (fact.metric, fact.unit, fact.lens, fact.check) == ("prevalence", "site", "tld", HOLE)
    }
    assert by_name == {"example": True, "test": True, "none": False}
    assert not one(facts, metric="prevalence", unit="site", lens="transport", check=HOLE).suppressed


def test_every_lens_is_a_partition_of_the_whole(folder: SurveyFolder) -> None:
    whole = compute_facts(folder)
    sums: defaultdict[tuple[str, str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for fact in compute_lens_facts(folder, tables=TABLES):
        if fact.lens in LENSES:
            cell = sums[fact.metric, fact.unit, fact.lens, fact.check, fact.category]
            cell[0] += fact.n or 0
            cell[1] += fact.base or 0
    assert {lens for _, _, lens, _, _ in sums} == set(LENSES)
    for (metric, unit, _, check, category), (n, base) in sums.items():
        fact = one(whole, metric=metric, unit=unit, check=check, category=category, variant="all")
        assert (n, base) == (fact.n, fact.base)


def test_an_address_whose_names_differ_is_looked_at_as_several(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    seen = [Seen(host, "127.1.0.1", f"{IIS}/5.0", {}) for host in ("a.example", "b.test")]
    build_round(folder, JULY, [*seen, Seen("c.example", "127.1.0.2", f"{IIS}/5.0", {})], CHECKS)
    facts = [fact for fact in compute_lens_facts(folder) if (fact.metric, fact.lens) == ("outcome", "tld")]
    planned = {(fact.unit, fact.lens_value): fact.n for fact in facts if fact.category == "planned"}
    assert planned == {
        ("site", "example"): 2,
        ("site", "test"): 1,
        ("address", "several"): 1,
        ("address", "example"): 1,
    }


def test_of_many_values_those_beyond_the_largest_500_are_one(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    seen = [
        Seen(f"a{place}.t{place % 520}", f"127.9.{place % 200}.{1 + place // 200}", "apache/1", {})
        for place in range(600)
    ]
    build_round(folder, JULY, seen, (EVERYBODY,))
    facts = [
        fact for fact in compute_lens_facts(folder) if (fact.metric, fact.lens, fact.unit) == ("outcome", "tld", "site")
    ]
    planned = {fact.lens_value: fact.n for fact in facts if fact.category == "planned"}
    assert len(planned) == 501
    assert planned["other"] == 20
    assert sum(n or 0 for n in planned.values()) == 600


def test_more_facts_than_may_be_are_refused(folder: SurveyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lens_facts, "MOST_FACTS", 20)
    with pytest.raises(EstimateError, match=r"round 2001-07 would have \d+ facts by lens, more than 20"):
        compute_lens_facts(folder)


def cell(value: str, n: int, base: int, lens: str = "tld") -> Fact:
    return Fact(
        id=f"{lens}{value}", round=JULY, metric="prevalence", unit="site", lens=lens, lens_value=value, check=HOLE,
        n=n, base=base, estimate=n / base if base else None,
    )  # fmt: skip


def withheld(facts: list[Fact], lens: str = "tld") -> set[str]:
    return {fact.lens_value for fact in suppress(facts, lens) if fact.suppressed}


def test_what_is_withheld_of_a_lens_is_not_given_back_by_the_whole() -> None:
    whole = cell("", 60, 120, "all")
    assert withheld([whole, cell("a", 20, 40), cell("b", 20, 40), cell("c", 20, 40)]) == set()
    assert withheld([whole, cell("a", 2, 20), cell("b", 28, 50), cell("c", 30, 50)]) == {"a", "b"}
    assert withheld([cell("", 1, 120, "all"), cell("a", 0, 60), cell("b", 1, 60)]) == {"", "a", "b"}
    assert withheld([whole, cell("big", 30, 60, "operator"), cell("none", 30, 60, "operator")], "operator") == {
        "big",
        "none",
    }


def test_values_of_two_lenses_that_lie_within_each_other_are_never_told_together() -> None:
    tlds = [cell("x", 20, 50), cell("y", 2, 5), cell("z", 100, 500)]
    strata = [cell("A", 20, 50, "stratum"), cell("B", 102, 505, "stratum")]
    assert withheld([cell("", 122, 555, "all"), *tlds, *strata]) == {"x", "y", "A", "B"}
    assert withheld([cell("", 122, 555, "all"), *tlds, *strata], "stratum") == {"x", "y", "z"}


def test_a_differencing_attack_over_lenses_recovers_nothing() -> None:
    chance = random.Random(7)  # noqa: S311  a simulation
    for _ in range(300):
        bases = [chance.choice([0, 2, 5, 9, 12, 30, 200]) for _ in range(chance.randint(2, 7))]
        counts = [chance.randint(0, base) for base in bases]
        facts = [cell("", sum(counts), sum(bases), "all")]
        facts += [cell(str(place), n, base) for place, (n, base) in enumerate(zip(counts, bases, strict=True))]
        told = suppress(facts, "tld")
        whole, parts = told[0], told[1:]
        hidden = [fact for fact, part in zip(facts[1:], parts, strict=True) if part.suppressed]
        if whole.suppressed or not hidden:
            assert not whole.suppressed or all(part.suppressed for part in parts)
            continue
        base = (whole.base or 0) - sum(part.base or 0 for part in parts)
        n = (whole.n or 0) - sum(part.n or 0 for part in parts)
        assert (base, n) == (sum(fact.base or 0 for fact in hidden), sum(fact.n or 0 for fact in hidden))
        is_everything = len(hidden) == len(parts)
        assert is_everything or (len(hidden) > 1 and base >= LEAST_BASE and min(n, base - n) >= LEAST_SHOWN)


def test_the_command_divides_keeps_and_reproduces(folder: SurveyFolder) -> None:
    (folder.path / "survey.toml").write_text(
        "[checks]\npacks = ['iis-2001']\n[limits]\noperators = 'operators.csv'\n[lenses]\ncountries = 'countries.csv'\n"
    )
    (folder.path / "operators.csv").write_text("prefix,operator\n127.1.0.0/24,big\n127.2.0.0/24,small\n")
    (folder.path / "countries.csv").write_text("prefix,country\n127.0.0.0/8,SE\n127.1.0.3/32,NO\n")
    words = ("facts", "--survey", folder.path, "--metric", "prevalence", "--check", HOLE, "--unit", "site", "--json")
    told = {fact["lens_value"]: (fact["n"], fact["base"]) for fact in ebbtide(*words, "--lens", "country").document()}
    assert told == {"SE": (3, 4), "NO": (0, 1)}
    assert {fact["lens"] for fact in ebbtide(*words).document()} == {"all"}
    again = ebbtide("reproduce", "--survey", folder.path, "--json").document()
    assert again["facts"]["differences"] == []
    assert again["facts"]["facts"] > 100
    unknown = ebbtide(*words, "--lens", "moon")
    assert (unknown.returncode, "there is no lens 'moon'. Lenses are all, family" in unknown.stderr) == (2, True)
    (folder.path / "countries.csv").write_text("prefix,land\n")
    wrong = ebbtide(*words, "--lens", "country")
    assert (wrong.returncode, "the table of country has no header" in wrong.stderr) == (2, True)


def test_cubes_name_lenses_that_there_are() -> None:
    assert all(lens in {*LENSES, "all"} for lenses in CUBES.values() for lens in lenses)


@pytest.mark.parametrize("text", ["prefix,country\n300.0.0.0/8,SE\n", "prefix,country\n127.0.0.0/8\n", "\xff", "a\0b"])
def test_a_table_that_cannot_be_read_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "countries.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConductError, match=r"countries\.csv"):
        read_prefix_names(path, Wanted("country", "lenses.countries"))


def test_equal_rounds_give_equal_facts(folder: SurveyFolder) -> None:
    first, second = (compute_lens_facts(folder, tables=TABLES) for _ in range(2))
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
