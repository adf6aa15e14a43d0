"""Reading takes work in proportion to what is read: octets touched are counted, no clock is looked at."""

from collections.abc import Iterator
from typing import Self

import pytest

from ebbtide.model.configuration import CapsSection
from ebbtide.model.transcripts import Deviation
from ebbtide.wire import chunks, response
from ebbtide.wire.records import Response
from ebbtide.wire.response import ResponseReader

pytestmark = pytest.mark.skipif(
    not response.__file__.endswith(".py"), reason="compiled code cannot be given an array that counts"
)

WIDE = CapsSection(head_bytes=20_000_000, body_bytes=20_000_000, fields=2_000_000)
USUAL = CapsSection()
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TOUCHES = 8
"""Searches, copies and cuts that an octet may be part of."""


class Counting(bytearray):
    """Counts the octets that are searched, copied or taken in."""

    touched = 0

    def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        end = len(self) if end is None else min(end, len(self))
        found = super().find(sub, start, end)
        Counting.touched += (found if found >= 0 else end) - start
        return found

    def __getitem__(self, key: slice) -> bytearray:  # type: ignore[override]
        part = super().__getitem__(key)
        Counting.touched += len(part) if isinstance(key, slice) else 1
        return part

    def __iadd__(self, more: bytes) -> Self:  # type: ignore[override,misc]
        Counting.touched += len(more)
        super().__iadd__(more)
        return self


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    Counting.touched = 0
    for module in (response, chunks):
        monkeypatch.setattr(module, "bytearray", Counting, raising=False)


def pieces(octets: bytes, size: int) -> Iterator[bytes]:
    return (octets[at : at + size] for at in range(0, len(octets), size))


def read(octets: bytes, size: int, caps: CapsSection) -> tuple[Response, int]:
    """The response, and how many octets were fed before it was complete."""
    reader, fed = ResponseReader("GET", caps), 0
    for piece in pieces(octets, size):
        reader.feed(piece)
        fed += len(piece)
        if reader.is_complete:
            break
    return reader.response(), fed


LONG = {
    "a line of ten megabytes": HEAD + b"X: " + b"x" * 10_000_000 + b"\r\n\r\n",
    "a million fields": HEAD + b"a:b\r\n" * 1_000_000 + b"\r\n",
    "a million lines with bare ends": HEAD + b"a:b\n" * 1_000_000 + b"\n",
    "a fold of a million lines": HEAD + b"X: x\r\n" + b" x\r\n" * 1_000_000 + b"\r\n",
    "many interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000 + HEAD + b"Content-Length: 0\r\n\r\n",
    "a long body": HEAD + b"Content-Length: 9000000\r\n\r\n" + b"x" * 9_000_000,
    "many small chunks": CHUNKED + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n",
    "one large chunk": CHUNKED + b"800000\r\n" + b"x" * 0x800000 + b"\r\n0\r\n\r\n",
    "many trailers": CHUNKED + b"0\r\n" + b"a:b\r\n" * 300_000 + b"\r\n",
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_answer_is_read_whole_with_work_in_proportion(name: str) -> None:
    answer, fed = read(LONG[name], 1400, WIDE)
    assert (answer.status, answer.fault, fed, answer.received_bytes) == (200, None, len(LONG[name]), len(LONG[name]))
    assert len(LONG[name]) - 1400 <= Counting.touched <= TOUCHES * len(LONG[name])


@pytest.mark.parametrize(
    "octets",
    [
        HEAD + b"X: " + b"x" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"http/1.1 200 OK\r\n" + b"a:b\r\n" * 10_000 + b"\r\n",
        b"\r\n" * 200 + HEAD + b"a:b\r\n" * 10_000 + b"\r\n",
        HEAD + b"\r\n" + b"x" * 100_000,
        CHUNKED + b"5;name=value\r\nhello\r\n" * 3_000 + b"0\r\n\r\n",
    ],
    ids=["field", "odd head", "blank lines", "body", "chunks"],
)
def test_an_answer_that_drips_costs_no_more_an_octet(octets: bytes) -> None:
    _, fed = read(octets, 1, USUAL)
    opening = 512 * 512
    assert Counting.touched <= TOUCHES * 4 * fed + opening


@pytest.mark.parametrize("name", ["a line of ten megabytes", "a million fields", "a fold of a million lines"])
def test_what_is_too_long_is_left_at_the_cap(name: str) -> None:
    answer, fed = read(LONG[name], 1400, USUAL)
    assert answer.received_bytes == USUAL.head_bytes
    assert fed <= USUAL.head_bytes + 1400
    assert Counting.touched <= TOUCHES * fed


def test_the_work_of_a_fold_is_in_its_result() -> None:
    answer, _ = read(LONG["a fold of a million lines"], 100_000, WIDE)
    assert answer.fields == ((b"X", b" ".join([b"x"] * 1_000_001)),)
    assert answer.deviations == (Deviation.OBSOLETE_FOLD,)
