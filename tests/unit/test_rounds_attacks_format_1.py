"""Attacks that were kept in format 1 stay readable for ever: tests/fixtures/attacks-format-1 is never rewritten."""

import shutil
from pathlib import Path

import pytest

from ebbtide.estimate.pressure_facts import pressure_facts
from ebbtide.model.attacks import AttackDayRow, AttackMonthRow, AttackRow, ObservedDayRow
from ebbtide.rounds.attacks import ATTACK_RECORDS, AttackStore
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.schemas import arrow_schema

RELEASED = Path(__file__).parents[1] / "fixtures" / "attacks-format-1"
PIECES = (RELEASED / "schemas.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    return SurveyFolder.open(shutil.copytree(RELEASED, tmp_path / "survey"))


def test_what_was_kept_is_what_it_was(folder: SurveyFolder) -> None:
    store = AttackStore(folder)
    state = store.state()
    assert (state.own, [family.id for family in state.families]) == ("192.0.5.5", ["code-red-1", "nimda", "sumthin"])
    july, august = state.months.values()
    assert (july.sources, july.closed_to, august.closed_to) == ("raw", "2001-07-31", "")
    assert set(july.files) == {"observed_days", "attack_days", "attack_months"}
    assert next(store.rows(ObservedDayRow)) == ObservedDayRow("2001-07-19", 3, 86_400)
    assert list(store.rows(AttackRow)) == [
        AttackRow(997_005_600, "2001-08-05", "nimda", "192.0.2.9", 2, 2),
        AttackRow(997_005_660, "2001-08-05", "sumthin", "198.51.100.4", 0, 1),
    ]
    assert AttackDayRow("2001-07-19", "code-red-1", 2, 2, 2) in list(store.rows(AttackDayRow))
    assert AttackMonthRow("2001-08", "all", 3, 2, 2, 2, 1, 0) in list(store.rows(AttackMonthRow))


def test_its_facts_can_still_be_computed(folder: SurveyFolder) -> None:
    found = {(fact.lens_value, fact.family, fact.unit): fact.n for fact in pressure_facts(folder)}
    assert (found["2001-07", "code-red-1", "source"], found["2001-08", "", "request"]) == (2, 3)


@pytest.mark.parametrize("table", ATTACK_RECORDS)
def test_a_table_still_has_the_columns_of_format_1_in_their_order(table: str) -> None:
    released = [line for line in PIECES if line.startswith(f"{table}.")]
    now = schema_lines(table)
    assert released
    assert now[: len(released)] == released
    for added in now[len(released) :]:
        assert not added.endswith("not null"), f"{added}: older files have no such column, so it must be optional"


def schema_lines(table: str) -> list[str]:
    return [
        f"{table}.{field.name}: {field.type}{'' if field.nullable else ' not null'}"
        for field in arrow_schema(ATTACK_RECORDS[table])
    ]
