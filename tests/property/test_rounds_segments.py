"""A journal in segments tells the same as a single one, wherever it is cut off."""

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Transcript
from ebbtide.rounds.journal import Journal, JournalReader, JournalTail
from ebbtide.rounds.segments import SegmentedJournal, segment_path

STEPS = st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40)


def transcript(number: int) -> Transcript:
    identity = number.to_bytes(16, "big")
    return Transcript(Target(identity, number, f"h{number}", "", 80, Scheme.HTTP), 1, Answered(), ())


class CutOffError(Exception):
    pass


def cut_off() -> None:
    raise CutOffError


def play(folder: Path, steps: list[tuple[int, bool]], most: int) -> tuple[set[int], set[int]]:
    """Start and finish as told, then die; who is finished, and who is in flight."""
    in_flight: set[int] = set()
    done: set[int] = set()
    with suppress(CutOffError), SegmentedJournal(folder, "b", most) as journal:
        for number, is_start in steps:
            if is_start and number not in in_flight | done:
                journal.write_started(number.to_bytes(16, "big"), 1)
                in_flight.add(number)
            elif not is_start and number in in_flight:
                journal.write_done(transcript(number))
                in_flight.remove(number)
                done.add(number)
        cut_off()
    return done, in_flight


@settings(max_examples=80, deadline=None)
@given(STEPS, st.integers(1, 4))
def test_every_transcript_stands_in_one_segment_and_who_was_in_flight_in_the_last(
    steps: list[tuple[int, bool]], most: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done, in_flight = play(folder, steps, most)
        paths = sorted(folder.iterdir())
        assert paths == [segment_path(folder, "b", number) for number in range(len(paths))]
        told: list[int] = []
        for path in paths:
            reader, tail = JournalReader(path), JournalTail(path)
            held = [int.from_bytes(each.target.target_id, "big") for each in reader]
            tail.advance()
            is_last = path == paths[-1]
            assert tail.is_ended is not is_last
            assert tail.in_flight == (len(in_flight) if is_last else 0)
            assert len(held) == most or is_last
            expected = in_flight if is_last else set()
            assert {int.from_bytes(each.target_id, "big") for each in reader.interrupted} == expected
            told += held
        assert sorted(told) == sorted(done)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(1, 4), st.data())
def test_a_death_while_it_rolls_loses_no_interruption(
    steps: list[tuple[int, bool]], most: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _, in_flight = play(folder, steps, most)
        last = max(folder.iterdir())
        following = segment_path(folder, "b", len(list(folder.iterdir())))
        told = data.draw(st.integers(0, len(in_flight)))
        with Journal(following) as journal:
            for number in sorted(in_flight)[:told]:
                journal.write_started(number.to_bytes(16, "big"), 1)
        found = set()
        for path in (last, following):
            reader = JournalReader(path)
            list(reader)
            found |= {int.from_bytes(each.target_id, "big") for each in reader.interrupted}
        assert found == in_flight
