import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Skipped, SkipReason, Stage
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.rounds.journal import MAGIC, Journal, JournalReader, JournalTail, Record, Started, read_journal

OUTCOMES: tuple[Outcome, ...] = (
    Answered(),
    Failed(Stage.CONNECT, Fault.TIMED_OUT, "slow"),
    Skipped(SkipReason.OPTED_OUT),
)


def transcript(number: int, outcome: Outcome, body: bytes) -> Transcript:
    identity = number.to_bytes(16, "big")
    target = Target(identity, 2**64 - 1 - number, f"h{number}.example", "", 80, Scheme.HTTP)
    exchange = Exchange(identity, target.site_id, 0, 1, Request("/", Purpose.ROOT), 5, outcome, body=body)
    return Transcript(target, 1, outcome, (exchange,), "192.0.2.1", 7, 0.25)


RECORDS = st.lists(
    st.one_of(
        st.builds(Started, st.binary(min_size=16, max_size=16), st.integers(1, 5)),
        st.builds(transcript, st.integers(0, 9), st.sampled_from(OUTCOMES), st.binary(max_size=40)),
    ),
    max_size=12,
)


def written(folder: str, records: list[Record]) -> Path:
    path = Path(folder) / "batch.journal"
    with Journal(path) as journal:
        for record in records:
            if isinstance(record, Started):
                journal.write_started(record.target_id, record.attempt)
            else:
                journal.write_done(record)
        journal.flush()
    return path


@settings(max_examples=60, deadline=None)
@given(RECORDS)
def test_a_whole_journal_gives_back_every_record(records: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert list(read_journal(written(folder, records))) == records


@settings(max_examples=60, deadline=None)
@given(RECORDS, st.data())
def test_a_journal_that_is_cut_anywhere_gives_back_exactly_the_records_before_the_cut(
    records: list[Record], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(folder, records)
        whole = path.read_bytes()
        keep = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:keep])
        recovered = list(read_journal(path))
        assert recovered == records[: len(recovered)]
        path.write_bytes(whole[: keep + 1])
        assert len(recovered) <= len(list(read_journal(path))) <= len(recovered) + 1
        if keep == len(whole):
            assert recovered == records


@settings(max_examples=60, deadline=None)
@given(RECORDS, st.data())
def test_a_flipped_bit_costs_the_record_that_it_stands_in_and_those_after_it_and_no_other(
    records: list[Record], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(folder, records)
        whole = bytearray(path.read_bytes())
        place = data.draw(st.integers(len(MAGIC), max(len(whole) - 1, len(MAGIC))))
        if place == len(whole):
            return
        path.write_bytes(whole[:place])
        before = len(list(read_journal(path)))
        whole[place] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(whole)
        assert list(read_journal(path)) == records[:before]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_garbage_never_raises(garbage: bytes, has_magic: bool) -> None:  # noqa: FBT001  # hypothesis gives positions
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.journal"
        path.write_bytes(MAGIC * has_magic + garbage)
        reader = JournalReader(path)
        assert len(list(reader)) <= len(garbage)
        tail = JournalTail(path)
        tail.advance()
        assert sum(tail.counts.values()) <= len(garbage)


@settings(max_examples=60, deadline=None)
@given(RECORDS)
def test_what_was_begun_and_not_done_counts_as_interrupted(records: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        reader = JournalReader(written(folder, records))
        done = list(reader)
        assert done == [record for record in records if isinstance(record, Transcript)]
        expected: list[tuple[bytes, int]] = []
        for record in records:
            key = (record.target_id if isinstance(record, Started) else record.target.target_id, record.attempt)
            if isinstance(record, Started):
                if key not in expected:
                    expected.append(key)
            elif key in expected:
                expected.remove(key)
        assert [(each.target_id, each.attempt) for each in reader.interrupted] == expected


@settings(max_examples=60, deadline=None)
@given(RECORDS, st.integers(0, 12))
def test_a_tail_counts_the_same_whether_it_looks_once_or_on_the_way(records: list[Record], early: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batch.journal"
        tail = JournalTail(path)
        tail.advance()
        assert tail.counts == {}
        with Journal(path) as journal:
            for number, record in enumerate(records):
                if number == early:
                    tail.advance()
                if isinstance(record, Started):
                    journal.write_started(record.target_id, record.attempt)
                else:
                    journal.write_done(record)
        tail.advance()
        kinds = [type(record.outcome).__name__.lower() for record in records if isinstance(record, Transcript)]
        assert tail.counts == {kind: kinds.count(kind) for kind in set(kinds)}
