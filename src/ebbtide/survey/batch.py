"""What workers do: ask a share, kept in a journal of segments; and turn a segment into Parquet files."""

import time
from pathlib import Path
from uuid import uuid4

import msgspec

from ebbtide.model.transcripts import Plan
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.settings import ProbeSettings
from ebbtide.rounds.batches import write_batch
from ebbtide.rounds.entries import BatchCommitted
from ebbtide.rounds.journal import SUFFIX, JournalReader, Note
from ebbtide.rounds.segments import SegmentedJournal, segment_path
from ebbtide.survey.shares import Share
from ebbtide.survey.stopping import StopWord

JOURNALS = "journals"


class BatchSpec(msgspec.Struct, frozen=True):
    """What a worker is told: plain values that can be handed to another process.

    Attributes:
        batch: Name of the batch, 32 hexadecimal digits.
        round_folder: Where its files go.
        segment_targets: Finished attempts after which a segment is ended.
    """

    batch: str
    round_folder: Path
    share: Share
    segment_targets: int
    plan: Plan
    settings: ProbeSettings

    def journal(self, segment: int) -> Path:
        """Where a segment of its journal lies."""
        return segment_path(self.round_folder / JOURNALS, self.batch, segment)


class BatchReceipt(msgspec.Struct, frozen=True):
    """What a worker hands back when everybody is asked: how many segments its journal has, all of them ended."""

    segments: int


def run_batch(spec: BatchSpec) -> BatchReceipt:
    """Ask everyone in a share; every answer is in the journal before the next thing happens.

    Args:
        spec: Whole groups, so that no other process asks in them at the same time.

    Returns:
        The receipt. A segment stays until its tables are committed to the log.
    """
    assignments = spec.share.sort(StopWord(spec.round_folder).is_given)
    try:
        with SegmentedJournal(spec.round_folder / JOURNALS, spec.batch, spec.segment_targets) as journal:
            probe_assignments(
                assignments,
                spec.plan,
                spec.settings,
                on_start=lambda assignment: journal.write_started(assignment.target.target_id, assignment.attempt),
                on_done=lambda raw: journal.write_done(raw.masked()),
                on_note=lambda what, about, detail: journal.write_note(Note(what, about, detail, time.time_ns())),
            )
        return BatchReceipt(journal.segments)
    finally:
        assignments.close()


def convert_journal(round_folder: Path, shards: int, name: str) -> BatchCommitted:
    """Turn a journal into Parquet files; it may have been cut short by the death of its process.

    Args:
        round_folder: Where the journal lies and the files go.
        shards: Into how many shards every table is divided.
        name: Of the journal.

    Returns:
        The entry that commits the files, yet to be written by the one who conducts; until then no reader sees them.
    """
    reader = JournalReader(round_folder / JOURNALS / f"{name}{SUFFIX}")
    tables = write_batch(round_folder, shards, reader)
    return BatchCommitted(name, tables.files, tables.attempts, tables.outcomes, reader.interrupted, time.time_ns())


def new_spec(round_folder: Path, share: Share, segment_targets: int, plan: Plan, settings: ProbeSettings) -> BatchSpec:
    """A batch with a name of its own."""
    return BatchSpec(uuid4().hex, round_folder, share, segment_targets, plan, settings)
