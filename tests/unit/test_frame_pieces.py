"""A frame that is read in pieces is the frame that is read at once, in any number of processes, mistakes included."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import msgspec
import pytest

from ebbtide.frame import pieces
from ebbtide.frame.merging import merge_rows
from ebbtide.frame.pieces import cut, merge_sources
from ebbtide.frame.sources import piece_rows, read_rows
from ebbtide.model.configuration import FrameSection, FrameSource
from ebbtide.model.errors import FrameError
from ebbtide.workers.executors import ProcessExecutor, SerialExecutor

SECTION = FrameSection((FrameSource("a.csv", "csv", "one"), FrameSource("b.txt"), FrameSource("c.txt", "cidr")))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three sources, of which the first two are cut into many pieces."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1000)
    monkeypatch.setattr(pieces, "_BLOCK_BYTES", 300)
    rows = [f"H{number % 150}.example,,{'2' if number % 7 else ''}\r\n" for number in range(400)]
    (tmp_path / "a.csv").write_text("\n# first\nhost,scheme,weight\n" + "".join(rows), encoding="utf-8")
    (tmp_path / "b.txt").write_text("\n".join(f"h{number}.example # x" for number in range(300)), encoding="utf-8")
    (tmp_path / "c.txt").write_text("127.0.0.0/26\n127.0.0.0/25\n", encoding="utf-8")
    return tmp_path


def test_pieces_one_after_the_other_are_the_whole(folder: Path) -> None:
    parts = list(cut(SECTION, folder))
    assert [sum(piece.source == index for piece in parts) > 2 for index in range(3)] == [True, True, False]
    in_pieces = chain.from_iterable(piece_rows(SECTION, folder, piece) for piece in parts)
    assert list(in_pieces) == list(read_rows(SECTION, folder))


@pytest.mark.parametrize("make", [SerialExecutor, lambda: ProcessExecutor(2)])
def test_the_merged_frame_is_the_same_in_any_number_of_processes(
    folder: Path, tmp_path: Path, make: Callable[[], SerialExecutor | ProcessExecutor]
) -> None:
    whole = merge_rows(read_rows(SECTION, folder), tmp_path / "whole", 4)
    with make() as executor:
        merged = merge_sources(SECTION, folder, tmp_path / "spread", 4, executor)
    assert msgspec.structs.replace(merged, scratch=whole.scratch) == whole
    assert merged.duplicates > 0
    assert merged.weight_conflicts > 0
    assert merged.stratum_conflicts > 0
    assert [list(merged.rows(shard)) for shard in range(4)] == [list(whole.rows(shard)) for shard in range(4)]


@pytest.mark.parametrize("make", [SerialExecutor, lambda: ProcessExecutor(2)])
@pytest.mark.parametrize("bad", ["no host at all", "x" * 5000])
def test_of_two_bad_lines_the_first_is_named_wherever_it_stands(
    folder: Path, tmp_path: Path, bad: str, make: Callable[[], SerialExecutor | ProcessExecutor]
) -> None:
    lines = (folder / "b.txt").read_text(encoding="utf-8").split("\n")
    lines[200] = lines[290] = bad
    (folder / "b.txt").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(FrameError) as at_once:
        list(read_rows(SECTION, folder))
    with pytest.raises(FrameError) as in_pieces, make() as executor:
        merge_sources(SECTION, folder, tmp_path / "spread", 4, executor)
    assert in_pieces.value.where == f"{folder / 'b.txt'}:201"
    assert str(in_pieces.value) == str(at_once.value)


def test_a_source_that_cannot_be_read_is_told_when_its_turn_comes(folder: Path, tmp_path: Path) -> None:
    (folder / "c.txt").unlink()
    (folder / "b.txt").write_text("no host at all\n", encoding="utf-8")
    with pytest.raises(FrameError) as told:
        merge_sources(SECTION, folder, tmp_path / "spread", 4, SerialExecutor())
    assert told.value.where.endswith("b.txt:1")


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("lines", range(50, 62))
def test_files_of_any_length_are_cut_at_ends_of_lines(folder: Path, lines: int, end: str) -> None:
    section = FrameSection((FrameSource("b.txt"),))
    (folder / "b.txt").write_text("\n".join(f"host-{number:02d}.of.example" for number in range(lines)) + end)
    rows = chain.from_iterable(piece_rows(section, folder, piece) for piece in cut(section, folder))
    assert [row[2] for row in rows] == [f"host-{number:02d}.of.example" for number in range(lines)]
