"""What a follower comes to is what a reading of the same lines comes to, however the lines were written."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.pressure.counting import count_load
from ebbtide.pressure.following import Follower
from ebbtide.pressure.pulse import MINUTES, PulseTaker
from ebbtide.pressure.reading import read_logs
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.reading import own_signatures
from ebbtide.pressure.sources import Keeping, Neighbourhood, SourcePolicy
from log_writers import WRITERS, Writer, combined

SET = SignatureSet(own_signatures())
CHANGED_S = 1_091_400_000
ROWS = [
    (source, "GET", target, 404)
    for source in ("192.0.2.1", "2001:db8::7", "198.51.100.4")
    for target in ("/", "/sumthin", "/scripts/root.exe?/c+dir", "/default.ida?" + "X" * 224, "/a%20b")
]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([combined, *WRITERS]),
    st.lists(st.integers(1, 900), min_size=1, max_size=12),
    st.sampled_from([SourcePolicy(), SourcePolicy(Keeping.PREFIX), SourcePolicy(Keeping.HASH, b"k" * 32)]),
)
def test_a_log_written_in_pieces_gives_what_it_gives_as_a_whole(
    tmp_path_factory: pytest.TempPathFactory, write: Writer, pieces: list[int], policy: SourcePolicy
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    data = write(ROWS)
    (folder / "whole").write_bytes(data)
    os.utime(folder / "whole", (CHANGED_S, CHANGED_S))
    follower = Follower([str(folder / "log")], SET, policy, Neighbourhood(""))
    visits = []
    with (folder / "log").open("wb", buffering=0) as stream:
        for size in pieces:
            piece, data = data[:size], data[size:]
            stream.write(piece)
            visits.extend(follower.read())
        stream.write(data)
    visits.extend(follower.finish())
    followed, whole = follower.reading(), read_logs([str(folder / "whole")], SET, policy, Neighbourhood(""))
    assert len(followed.events) == len(whole.events)
    if "of_old" in write.__name__ or "of_bsd" in write.__name__:
        return  # stamps without a year are of the year in which they are read
    assert [each.path for each in followed.files] == [str(folder / "log")]
    assert followed.lines == whole.lines
    assert followed.ledger == whole.ledger
    assert list(followed.events.export(with_sources=True)) == list(whole.events.export(with_sources=True))
    load = count_load(whole.events, whole.ledger)
    assert count_load(followed.events, followed.ledger) == load
    assert len(visits) == load.whole[0].visits
    kept = {each.source for each in whole.events.export(with_sources=True)}
    assert {each.source for each in visits} == kept


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=10))
def test_garbage_is_followed_without_a_mistake(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("logs") / "log"
    follower = Follower([str(path)], SET, SourcePolicy(), Neighbourhood(""))
    with path.open("wb", buffering=0) as stream:
        for piece in pieces:
            stream.write(b"a" + piece)  # not what a packed file begins with
            assert not list(follower.read())
    list(follower.finish())
    data = b"".join(b"a" + piece for piece in pieces)
    assert follower.reading().lines == data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


def test_a_visit_is_told_once_until_half_an_hour_has_passed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    follower = Follower([str(path)], SET, SourcePolicy(), Neighbourhood(""))
    told = []
    for hour, minute in ((0, 0), (0, 20), (0, 50), (1, 19), (1, 50)):
        with path.open("a") as stream:
            stream.write(f'192.0.2.1 - - [01/Aug/2004:{hour:02}:{minute:02}:00 +0000] "GET /sumthin HTTP/1.0" 404 9\n')
        told.append(len(list(follower.read())))
    assert told == [1, 0, 0, 0, 1]
    assert not list(follower.finish())


def test_the_pulse_is_that_of_the_last_hour() -> None:
    taker = PulseTaker(1000.0, 500, 20)
    pulse = taker.take(1000.0, 500, 20, 0)
    assert (pulse.visits_by_minute, pulse.lines_a_minute) == ((0,), 0.0)
    pulse = taker.take(1000.0 + 120, 560, 50, 3)
    assert (pulse.visits_by_minute, pulse.lines, pulse.requests) == ((0, 0, 3), 560, 50)
    assert (pulse.lines_a_minute, pulse.requests_a_minute, pulse.visits_an_hour) == (30.0, 15.0, 90.0)
    pulse = taker.take(1000.0 + 3 * 3600, 620, 50, 1)
    assert len(pulse.visits_by_minute) == MINUTES
    assert (sum(pulse.visits_by_minute), pulse.lines_a_minute, pulse.visits_an_hour) == (1, 1.0, 1.0)
