"""What the commit log of a round says: one record an entry; format 1."""

import msgspec

FORMAT = 1
"""The format of survey folders that this version writes; a newer one is refused."""


class FileRef(msgspec.Struct, frozen=True):
    """A file of a table that readers may read.

    Attributes:
        table: For example ``outcomes``, or ``software`` in a judgement.
        path: Relative to the round's folder.
        rows: Rows in it.
    """

    table: str
    shard: int
    path: str
    rows: int


class Interruption(msgspec.Struct, frozen=True):
    """An attempt that was begun and never told of: the process died. It counts as an attempt."""

    target_id: bytes
    attempt: int


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """The round exists."""

    label: str
    reference_date: str
    shards: int
    format: int
    software: str
    at_ns: int


class Planned(msgspec.Struct, frozen=True, tag="planned"):
    """Who is asked is settled.

    Attributes:
        frame_digest, plan_digest: Of what the operator wrote then; a changed one is refused until the round is sealed.
    """

    files: tuple[FileRef, ...]
    targets: int
    read: int
    duplicates: int
    weight_conflicts: int
    stratum_conflicts: int
    frame_digest: str
    plan_digest: str
    at_ns: int


class RunStarted(msgspec.Struct, frozen=True, tag="run_started"):
    """Somebody began to ask, under this configuration and these opt-outs."""

    config_digest: str
    opt_outs_digest: str
    at_ns: int


class BatchCommitted(msgspec.Struct, frozen=True, tag="batch"):
    """The attempts of one batch are kept for good.

    Attributes:
        batch: Name of the batch's journal.
        attempts: Rows of ``outcomes`` in it.
        outcomes: How many ended how: ``answered``, ``refused``, ``silent`` and so on.
        interrupted: Attempts that the journal knows as begun but not as done.
    """

    batch: str
    files: tuple[FileRef, ...]
    attempts: int
    outcomes: dict[str, int]
    interrupted: tuple[Interruption, ...]
    at_ns: int


class Sealed(msgspec.Struct, frozen=True, tag="sealed"):
    """The round is closed; these files replace all earlier ones.

    Attributes:
        targets: Planned, equal to the sum of the three that follow.
        asked_again: Attempts that were interrupted.
    """

    files: tuple[FileRef, ...]
    targets: int
    answered: int
    failed: int
    skipped: int
    asked_again: int
    at_ns: int


class Judged(msgspec.Struct, frozen=True, tag="judged"):
    """A judgement over the sealed round; it becomes the current one."""

    judgement: str
    manifest: str
    files: tuple[FileRef, ...]
    at_ns: int


class Chosen(msgspec.Struct, frozen=True, tag="chosen"):
    """A judgement that was there already becomes the current one."""

    judgement: str
    at_ns: int


class Published(msgspec.Struct, frozen=True, tag="published"):
    """The round's facts have been given away."""

    at_ns: int


Entry = Opened | Planned | RunStarted | BatchCommitted | Sealed | Judged | Chosen | Published
