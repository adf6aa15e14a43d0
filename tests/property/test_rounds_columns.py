"""Columns made of their buffers are what Arrow would have made of the same values."""

import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.model.rows import ExchangeRow, TlsRow
from ebbtide.rounds.columns import column_values, make_column
from ebbtide.rounds.schemas import arrow_schema

SCHEMA = arrow_schema(ExchangeRow)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
OCTETS = st.binary(max_size=8)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "site_id": st.integers(0, 2**64 - 1),
    "asked_at_ns": st.integers(-(2**63), 2**63 - 1),
    "status": st.none() | st.integers(0, 999),
    "total_s": st.none() | st.floats(allow_nan=False),
    "is_truncated": st.booleans(),
    "path": TEXTS,
    "reason": OCTETS,
    "deviations": st.lists(TEXTS, max_size=3),
    "request_fields": st.lists(st.tuples(TEXTS, TEXTS), max_size=3),
    "fields": st.lists(st.tuples(OCTETS, OCTETS), max_size=3),
    "tls": st.none() | st.builds(TlsRow, TEXTS, TEXTS, TEXTS, st.lists(OCTETS, max_size=2).map(tuple)),
}


def plain(value: Any) -> Any:
    """As Arrow takes it."""
    if isinstance(value, TlsRow):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [{"name": each[0], "value": each[1]} if isinstance(each, tuple) else each for each in value]
    return value


@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_column_is_what_arrow_makes_of_the_same_values(name: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(VALUES[name], max_size=20))
    field = SCHEMA.field(name)
    made = make_column(values, field.type, nullable=field.nullable)
    made.validate(full=True)
    assert made.type == field.type
    assert made.equals(pa.array([plain(each) for each in values], field.type))


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES["fields"], max_size=12), st.data())
def test_a_column_of_pairs_is_read_back_wherever_it_was_cut(values: list[Any], data: st.DataObject) -> None:
    made = make_column(values, SCHEMA.field("fields").type, nullable=False)
    start = data.draw(st.integers(0, len(values)))
    length = data.draw(st.integers(0, len(values) - start))
    assert column_values(made.slice(start, length)) == [tuple(each) for each in values[start : start + length]]
    assert column_values(pa.chunked_array([made, made.slice(start)])) == [
        tuple(each) for each in [*values, *values[start:]]
    ]


@pytest.mark.parametrize(
    ("value", "data_type"),
    [
        (1.5, pa.int64()),
        ("1", pa.int64()),
        (-1, pa.uint64()),
        (2**63, pa.int64()),
        ("x", pa.binary()),
        (1, pa.string()),
    ],
)
def test_a_value_of_another_type_is_our_mistake(value: Any, data_type: pa.DataType) -> None:
    with pytest.raises((TypeError, AttributeError, OverflowError)):
        make_column([value], data_type, nullable=False)


def test_what_may_not_be_null_is_not() -> None:
    with pytest.raises((TypeError, AttributeError)):
        make_column(["a", None], pa.string(), nullable=False)


def test_a_round_is_written_sealed_and_read_without_pandas_or_duckdb() -> None:
    """Both take longer to import than many a round to write."""
    program = """
import sys, tempfile
from pathlib import Path
from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.rows import OutcomeRow, TargetRow
from ebbtide.rounds.building import write_round
from ebbtide.rounds.folder import SurveyFolder
target = TargetRow(target_id("a.example", "", 80, "http"), site_id("a.example"), "a.example", "", 80, "http", "", 1.0)
outcome = OutcomeRow(
    target.target_id, target.site_id, 7, 1, "answered", "", "", "", "", "192.0.2.1", 200, 0, 0, 0, 0.0, ""
)
with tempfile.TemporaryDirectory() as folder:
    survey = SurveyFolder.create(Path(folder) / "survey")
    made = write_round(survey, "r", "2001-07-15", [target], [outcome])
    assert sum(1 for shard in range(survey.shards) for _ in made.transcripts(shard)) == 1
print(*({"pandas", "duckdb", "pyarrow.dataset"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
