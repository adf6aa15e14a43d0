"""Schemas of format 1 are recorded: a column may be added at the end of its table, and nothing else may change."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ebbtide.model.facts import Fact
from ebbtide.model.rows import OutcomeRow, TargetRow
from ebbtide.rounds.schemas import RECORDS, arrow_schema, schema_lines
from ebbtide.rounds.tables import arrow_table, read_arrow, write_shard

RECORDED = Path(__file__).parents[1] / "fixtures" / "schemas-format-1.txt"
PIECES = RECORDED.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("table", RECORDS)
def test_a_table_still_has_the_columns_of_format_1_in_their_order(table: str) -> None:
    released = [line for line in PIECES if line.startswith(f"{table}.")]
    now = schema_lines(table)
    assert released
    assert now[: len(released)] == released
    for added in now[len(released) :]:
        assert not added.endswith("not null"), f"{added}: older files have no such column, so it must be optional"


def test_every_table_is_recorded_and_no_other() -> None:
    assert {line.split(".")[0] for line in PIECES} == set(RECORDS)


def test_ids_are_unsigned_and_counts_are_signed() -> None:
    schema = arrow_schema(OutcomeRow)
    assert schema.field("site_id").type == pa.uint64()
    assert schema.field("endpoint_id").type == pa.uint64()
    assert schema.field("attempt").type == pa.int64()
    assert schema.field("target_id").type == pa.binary()


def test_only_what_may_be_unknown_is_nullable() -> None:
    assert [field.name for field in arrow_schema(OutcomeRow) if field.nullable] == [
        "status",
        "port",
        "cnames",
        "resolved_addresses",
        "resolved_address_count",
    ]
    assert "estimate" in [field.name for field in arrow_schema(Fact) if field.nullable]


def test_a_file_of_an_older_version_lacks_a_column_and_is_read_with_null_in_it(tmp_path: Path) -> None:
    row = TargetRow(b"t" * 16, 1, "a.example", "", 80, "http", "", 1.0)
    file = write_shard(tmp_path, "targets", 0, [row])
    older = pq.read_table(tmp_path / file.path, partitioning=None).drop_columns(["weight"])
    pq.write_table(older, tmp_path / file.path)
    assert read_arrow(tmp_path, [file], "targets", ("host", "weight")).to_pylist() == [
        {"host": "a.example", "weight": None}
    ]


def test_a_file_of_a_newer_version_has_a_column_more_and_is_read_without_it(tmp_path: Path) -> None:
    row = TargetRow(b"t" * 16, 1, "a.example", "", 80, "http", "", 1.0)
    file = write_shard(tmp_path, "targets", 0, [row])
    newer = arrow_table(TargetRow, [row]).append_column("colour", pa.array(["green"]))
    pq.write_table(newer, tmp_path / file.path)
    assert read_arrow(tmp_path, [file], "targets").column_names == arrow_schema(TargetRow).names
