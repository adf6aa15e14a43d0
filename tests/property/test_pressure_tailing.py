"""Whatever becomes of the names of logs that are being written, each line is read once and in its order."""

import gzip
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.pressure.opening import MOST_LINE_BYTES
from ebbtide.pressure.records import PressureError
from ebbtide.pressure.tailing import Added, Tails

DEEDS = ("write", "half", "renamed", "copied", "deleted", "missing", "packed", "look", "late")


class Writer:
    """A server that writes numbered lines, and whoever turns its logs over; looked at before lines could be lost."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log"
        self.numbers = itertools.count()
        self.written: list[bytes] = []
        self.stream = self.path.open("ab", buffering=0)
        self.turns = itertools.count(1)

    def write(self) -> None:
        line = b"line %d\n" % next(self.numbers)
        self.stream.write(line)
        self.written.append(line)

    def turn_over(self, *, is_kept: bool = False) -> Path:
        """Rename the log, and begin another; the old one may stay open."""
        old = self.path.with_suffix(f".{next(self.turns)}")
        if self.path.exists():
            self.path.rename(old)
        if not is_kept:
            self.stream.close()
        self.stream = self.path.open("ab", buffering=0)
        return old


@settings(max_examples=120, deadline=None)
@given(st.lists(st.sampled_from(DEEDS), max_size=30))
def test_each_line_is_read_once(tmp_path_factory: pytest.TempPathFactory, deeds: list[str]) -> None:
    folder = tmp_path_factory.mktemp("log")
    writer = Writer(folder)
    tails = Tails([str(writer.path), str(folder / "log.1")], leaving_s=1000)
    found: list[Added] = []
    for deed in deeds:
        if deed == "write":
            writer.write()
        elif deed == "half":
            line = b"line %d\n" % next(writer.numbers)
            writer.stream.write(line[:4])
            found.extend(tails.read())
            writer.stream.write(line[4:])
            writer.written.append(line)
        elif deed == "renamed":
            writer.turn_over()
        elif deed == "late":  # its writer goes on for a while with the file that was renamed
            found.extend(tails.read())
            old = writer.stream
            writer.turn_over(is_kept=True)
            found.extend(tails.read())
            line = b"line %d\n" % next(writer.numbers)
            old.write(line)
            old.close()
            writer.written.append(line)
        else:
            found.extend(tails.read())
            turn(deed, writer)
        if deed in {"renamed", "late", "deleted", "packed"}:  # a file that nobody saw under its name cannot be followed
            found.extend(tails.read())
    writer.stream.close()
    found.extend(tails.finish())
    lines = b"".join(each.lines for each in found).splitlines(keepends=True)
    assert sorted(lines, key=lambda line: int(line.split()[1])) == writer.written
    assert deeds.count("late") or lines == writer.written


def turn(deed: str, writer: Writer) -> None:
    """What is done once everything was read."""
    if deed == "copied":
        os.truncate(writer.path, 0)
    elif deed == "deleted":
        writer.path.unlink(missing_ok=True)
        writer.turn_over()
    elif deed == "packed":
        old = writer.turn_over()
        if old.exists():
            old.with_suffix(".gz").write_bytes(gzip.compress(old.read_bytes()))
            old.unlink()


def test_a_log_that_was_emptied_and_filled_beyond_its_old_end_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\n")
    tails = Tails([str(path)])
    assert [each.lines for each in tails.read()] == [b"one\ntwo\n"]
    path.write_bytes(b"three and so on\nfour\n")
    assert b"".join(each.lines for each in tails.read()) == b"three and so on\nfour\n"
    path.write_bytes(b"half")
    assert not list(tails.read())
    assert [each.lines for each in tails.finish()] == [b"half\n"]


def test_a_line_without_end_takes_no_more_memory_than_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * (3 * MOST_LINE_BYTES) + b"\nnext\n")
    lines = b"".join(each.lines for each in Tails([str(path)]).finish()).splitlines()
    assert lines[-1] == b"next"
    assert len(lines[0]) <= 3 * MOST_LINE_BYTES
    assert len(lines) == 2


def test_what_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"one\n"))
    for path in ("-", str(tmp_path), str(tmp_path / "log.gz")):
        with pytest.raises(PressureError, match="cannot be followed"):
            Tails([path])
