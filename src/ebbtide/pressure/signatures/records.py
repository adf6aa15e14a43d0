"""A signature of an attack, as its file has it."""

import datetime as dt
import enum

import msgspec


class Kind(enum.Enum):
    """What sends the requests."""

    WORM = "worm"
    """Spreads by itself from server to server."""
    BOTNET = "botnet"
    """Spreads by machines that one hand commands."""
    SCANNER = "scanner"
    """Looks for one hole or for leaks everywhere."""
    TOOL = "tool"
    """A program that somebody points at a target."""
    RESEARCH = "research"
    """Says who it is and surveys; never counted as an attack."""


class Stage(enum.Enum):
    """Which form of a target is looked at."""

    RAW = "raw"
    NORMALISED = "normalised"


class Spread(enum.Enum):
    """How a worm picks the addresses that it tries."""

    UNIFORM = "uniform"
    LOCAL = "local"
    UNKNOWN = "unknown"


class Confidence(enum.Enum):
    """How surely a request that matches comes from the family."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Padding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    r"""A run of equal pieces.

    Attributes:
        after: What stands before it; the target begins so, in any case of letters.
        pieces: One of these is repeated; written with ``\\xNN`` where it is no ASCII.
        least: How often at least.
    """

    after: str
    pieces: tuple[str, ...]
    least: int


class Clue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way in which a request shows its family. All conditions that are given must hold.

    Attributes:
        methods: One of these methods, in any case of letters.
        targets: The whole target is one of these. Raw targets are compared octet by octet.
        paths: The target without its query is one of these.
        prefixes: The target begins with one of these.
        suffixes: The path, without its query, ends with one of these.
        contains: The target holds all of these.
        padding: The target holds a run.
        is_absolute: The target names a scheme and another host, as a request to a proxy does.
        agents: The User-Agent holds one of these.
        anywhere: The target, the User-Agent or the referrer holds one of these.
        longest: The target has at most so many octets; 0 for no bound.
        words: Bytes of which a log line holds one whenever the clue holds; empty where they follow from the rest.
    """

    methods: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    padding: Padding | None = None
    is_absolute: bool = False
    agents: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    longest: int = 0
    words: tuple[str, ...] = ()


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What tells one family of attacks.

    Attributes:
        id: Letters, digits and hyphens; stays for good.
        family: As reports name it.
        kind: What sends it.
        first_known: It was known on this day at the latest; the first of a month or year where no day is on record.
        stage: Form of the target that the clues look at.
        confidence: How surely a match comes from the family.
        is_spoofable: Anybody could send it to appear as this family; so it is with whatever a User-Agent alone tells.
        about: What it is, in one or two sentences.
        references: Advisories and pages.
        clue: One of these must hold.
        positives: Requests that must match: ``METHOD target``, then ``| User-Agent`` if it matters.
        lookalikes: Requests that must not.
        spread: How it picks addresses.
        probes_per_s: Addresses that one infected host tries in a second; 0 if that is not on record.
        active_from, active_to: Days of a month (UTC) on which it spreads; 1 and 31 for always.
        spread_source: Where ``spread`` and ``probes_per_s`` are from; needed for what is not ``unknown``.
        check: Id of the check that sees from outside the hole that it uses, or its mark; empty if there is none.
    """

    id: str
    family: str
    kind: Kind
    first_known: dt.date
    stage: Stage
    confidence: Confidence
    is_spoofable: bool
    about: str
    references: tuple[str, ...]
    clue: tuple[Clue, ...]
    positives: tuple[str, ...]
    lookalikes: tuple[str, ...]
    spread: Spread = Spread.UNKNOWN
    probes_per_s: float = 0.0
    active_from: int = 1
    active_to: int = 31
    spread_source: str = ""
    check: str = ""

    @property
    def is_attack(self) -> bool:
        """Whether its requests count as pressure."""
        return self.kind is not Kind.RESEARCH

    def is_active(self, day: int) -> bool:
        """Whether it spreads on a day (ordinal)."""
        return self.active_from <= dt.date.fromordinal(day).day <= self.active_to


class SignatureFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of signatures."""

    signature: tuple[Signature, ...]
