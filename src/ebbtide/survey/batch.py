"""One batch: asked in one process, kept in a journal, turned into Parquet files."""

import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import msgspec

from ebbtide.model.transcripts import Plan
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.settings import Assignment, ProbeSettings
from ebbtide.rounds.batches import write_batch
from ebbtide.rounds.entries import BatchCommitted
from ebbtide.rounds.journal import SUFFIX, Journal, JournalReader
from ebbtide.survey.stopping import until_stopped

JOURNALS = "journals"


class BatchSpec(msgspec.Struct, frozen=True):
    """What a worker is told: plain values that can be handed to another process.

    Attributes:
        batch: Name of the batch, 32 hexadecimal digits.
        round_folder: Where its files go.
    """

    batch: str
    round_folder: Path
    shards: int
    assignments: tuple[Assignment, ...]
    plan: Plan
    settings: ProbeSettings

    @property
    def journal(self) -> Path:
        """Where its journal lies."""
        return journal_path(self.round_folder, self.batch)


class BatchReceipt(msgspec.Struct, frozen=True):
    """What a worker hands back: the entry that commits its files, yet to be written by the one who conducts."""

    entry: BatchCommitted


def run_batch(spec: BatchSpec) -> BatchReceipt:
    """Ask everyone in a batch; every answer is in the journal before the next thing happens.

    Args:
        spec: Whole prefixes, so that no other process asks in them at the same time.

    Returns:
        The receipt. Until it is committed to the log the journal stays, and no reader sees the files.
    """
    with Journal(spec.journal) as journal:
        probe_assignments(
            until_stopped(spec.assignments, spec.round_folder),
            spec.plan,
            spec.settings,
            on_start=lambda assignment: journal.write_started(assignment.target.target_id, assignment.attempt),
            on_done=journal.write_done,
        )
        journal.flush()
    return convert_journal(spec.round_folder, spec.shards, spec.batch)


def convert_journal(round_folder: Path, shards: int, batch: str) -> BatchReceipt:
    """Turn a journal into Parquet files; it may have been cut short by the death of its process."""
    reader = JournalReader(journal_path(round_folder, batch))
    tables = write_batch(round_folder, shards, reader)
    return BatchReceipt(
        BatchCommitted(batch, tables.files, tables.attempts, tables.outcomes, reader.interrupted, time.time_ns())
    )


def journal_path(round_folder: Path, batch: str) -> Path:
    """Where the journal of a batch lies."""
    return round_folder / JOURNALS / f"{batch}{SUFFIX}"


def new_spec(
    round_folder: Path, shards: int, assignments: Sequence[Assignment], plan: Plan, settings: ProbeSettings
) -> BatchSpec:
    """A batch with a name of its own."""
    return BatchSpec(uuid4().hex, round_folder, shards, tuple(assignments), plan, settings)
