"""What the commit log of a round says: one record an entry; format 1."""

import msgspec

FORMAT = 1
"""The format of survey folders that this version writes; a newer one is refused."""
CENSUS = "census"
"""The kind of a design that leaves nobody out."""


class FileRef(msgspec.Struct, frozen=True, gc=False):
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


class Interruption(msgspec.Struct, frozen=True, gc=False):
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


class SampledStratum(msgspec.Struct, frozen=True):
    """What was drawn of one stratum.

    Attributes:
        stratum: Its name; empty for lines that name none.
        sites: Of the frame.
        fraction: That was wanted.
        drawn: Sites in the sample.
        weight: Sites of the frame that a drawn one stands for.
        kept: Drawn sites that were in the sample of the round before, too.
    """

    stratum: str
    sites: int
    fraction: float
    drawn: int
    weight: float
    kept: int = 0


class Design(msgspec.Struct, frozen=True):
    """How it came about who is asked.

    Attributes:
        kind: ``census``: everybody in the frame, whose strata, if it has any, are taken whole; ``panel``: a stratified
            sample of sites of which ``leaving`` is replaced each round; ``stratified``: a fresh one every round.
        turn: Number of the round in its series.
        leaving: Part that each round replaces.
        before: Label of the round before in the series; empty if there is none.
        strata: Of a sample, by name.
    """

    kind: str
    turn: int = 0
    leaving: float = 0.0
    before: str = ""
    strata: tuple[SampledStratum, ...] = ()


class Planned(msgspec.Struct, frozen=True, tag="planned"):
    """Who is asked is settled.

    Attributes:
        frame_digest, plan_digest: Of what the operator wrote then; a changed one is refused until the round is sealed.
        checks: Those whose requests the plan held, each as ``id@version``; ``None`` in rounds of older versions.
        design: How it came about who is asked; ``None`` in rounds of older versions, which asked the whole frame.
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
    checks: tuple[str, ...] | None = None
    design: Design | None = None


class RunStarted(msgspec.Struct, frozen=True, tag="run_started"):
    """Somebody began to ask, under this configuration and these opt-outs."""

    config_digest: str
    opt_outs_digest: str
    at_ns: int


class IdentityChecked(msgspec.Struct, frozen=True, tag="identity_checked"):
    """What says who we are was looked at from here, and was good.

    Attributes:
        digest: SHA-256 of all that was seen, hexadecimal.
        page_sha256, probing_sha256: Of the page that explains the survey and of ``probing.txt``.
        addresses: From which we ask, with the names of their reverse DNS.
        waiver: The reason that stands in for missing reverse DNS; empty if none was needed.
        expires: When ``probing.txt`` ends.
    """

    digest: str
    page_sha256: str
    probing_sha256: str
    addresses: dict[str, tuple[str, ...]]
    waiver: str
    expires: str
    at_ns: int


class AuthoritiesKept(msgspec.Struct, frozen=True, tag="authorities_kept"):
    """Who allows the active level in a run; all that was on record lies beside the log.

    Attributes:
        digest: Of the kept file, which is named after it.
        file: Relative to the round's folder.
        holding: Names of the authorities that hold.
        lapsed: Name to the reason for which one does not hold; its targets are asked passively.
    """

    digest: str
    file: str
    holding: tuple[str, ...]
    lapsed: dict[str, str]
    at_ns: int


class OptOutsHonoured(msgspec.Struct, frozen=True, tag="opt_outs_honoured"):
    """How many targets each opt-out closed in a run, before a packet was sent.

    Attributes:
        closed: What opted out, and until when, to the number of targets.
    """

    closed: dict[str, int]
    at_ns: int


class RunPaused(msgspec.Struct, frozen=True, tag="run_paused"):
    """The first share was asked; the rest waits for a word of the operator.

    Attributes:
        held_back: Targets that wait.
        outcomes: Of the others, as ``survey status`` names them.
    """

    held_back: int
    outcomes: dict[str, int]
    at_ns: int


class RunContinued(msgspec.Struct, frozen=True, tag="run_continued"):
    """The operator has looked at the first share and had the round go on."""

    at_ns: int


class RunStopped(msgspec.Struct, frozen=True, tag="run_stopped"):
    """The run stopped before its time, in order; running the round again goes on with it."""

    why: str
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


class Erased(msgspec.Struct, frozen=True, tag="erased"):
    """The tombstone of what was removed for good.

    Attributes:
        what: ``bodies`` or ``fields`` of everybody, or ``targets``: all that was kept of some.
        why: For the record; it does not name who was erased.
        removed: Files that nobody reads any more, relative to the round's folder.
        files: What stands in their place; those of judgements lie below the judgement's folder.
        rows: Rows that are gone, by table.
        targets: Targets that have lost name and address; their rows stay, so that all counts still add up.
        answered, failed, skipped: How the planned targets count from now on.
    """

    what: str
    why: str
    removed: tuple[str, ...]
    files: tuple[FileRef, ...]
    rows: dict[str, int]
    targets: int
    answered: int
    failed: int
    skipped: int
    at_ns: int


class Published(msgspec.Struct, frozen=True, tag="published"):
    """The round's facts have been given away."""

    at_ns: int


Entry = (
    Opened
    | Planned
    | RunStarted
    | IdentityChecked
    | AuthoritiesKept
    | OptOutsHonoured
    | RunPaused
    | RunContinued
    | RunStopped
    | BatchCommitted
    | Sealed
    | Judged
    | Chosen
    | Erased
    | Published
)
