"""What transcripts show: software, verdicts with evidence, and the record of a judgement."""

from enum import StrEnum

import msgspec

from ebbtide.model.targets import Level


class CannotTellReason(StrEnum):
    """Why an answer that is there does not settle the question."""

    ANSWERS_EVERYTHING = "answers_everything"
    SUSPECTED_HONEYPOT = "suspected_honeypot"
    TRUNCATED = "truncated"
    EVIDENCE_NOT_KEPT = "evidence_not_kept"
    BACKPORTED = "backported"
    MASKED = "masked"


class NotAskedReason(StrEnum):
    """Why there is no answer to judge."""

    GATE_CLOSED = "gate_closed"
    BUDGET = "budget"
    LEVEL = "level"
    OPTED_OUT = "opted_out"
    UNREACHABLE = "unreachable"
    ROBOTS = "robots"
    OLDER_THAN_CHECK = "older_than_check"


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """The place in a transcript that made a check show.

    Attributes:
        ordinal: Which exchange.
        part: ``body``, ``header``, ``status`` or a field's name in lower case.
        excerpt: At most 200 characters around the match, control characters replaced.
        matcher: Name of the matcher or extractor; empty if it has none.
    """

    ordinal: int
    part: str
    excerpt: str
    matcher: str = ""


class Shown(msgspec.Struct, frozen=True, gc=False, tag="shown", tag_field="kind"):
    """The hole can be seen."""

    evidence: tuple[Evidence, ...] = ()


class NotShown(msgspec.Struct, frozen=True, gc=False, tag="not_shown", tag_field="kind"):
    """It was asked, answered, and the hole cannot be seen."""


class CannotTell(msgspec.Struct, frozen=True, gc=False, tag="cannot_tell", tag_field="kind"):
    """It was asked and answered, and the answer settles nothing."""

    reason: CannotTellReason


class NotAsked(msgspec.Struct, frozen=True, gc=False, tag="not_asked", tag_field="kind"):
    """There is no answer to judge."""

    reason: NotAskedReason


Verdict = Shown | NotShown | CannotTell | NotAsked


class CheckVerdict(msgspec.Struct, frozen=True, gc=False):
    """One check's verdict on one target."""

    check: str
    verdict: Verdict


class Software(msgspec.Struct, frozen=True, gc=False):
    """A product that an answer names.

    Attributes:
        family: Our id of the product line, for example ``microsoft-iis``; empty for what is not a web server.
        role: ``server``, ``os``, ``language``, ``application``, ``module``, or ``front`` for a network of caches, a
            proxy or a balancer that stands before the server; a front has no family and never gives one.
        version: As the answer gives it; empty if it gives none.
        source: Id of the fingerprint, ``front:`` and the id of a front, or ``product-token`` where only the field's own
            first token spoke.
        part: The part of the answer that spoke, as in ``Evidence.part``.
    """

    family: str
    role: str
    vendor: str
    product: str
    version: str
    cpe: str
    source: str
    part: str


UNKNOWN_FAMILY = "unknown"
"""Family of a target whose answer names no product: its banner is masked, or there is none."""


class Assessment(msgspec.Struct, frozen=True, gc=False):
    """Software and verdicts derived from one target's transcript.

    Attributes:
        family: Family of the web server; ``unknown`` when answered but not told, empty when not answered.
        version: Version of the web server as told; empty if not told.
        verdicts: One for every check of the judgement, in its order.
    """

    target_id: bytes
    site_id: int
    family: str
    version: str
    software: tuple[Software, ...]
    verdicts: tuple[CheckVerdict, ...]


class CheckInfo(msgspec.Struct, frozen=True):
    """What a reader of a judgement needs to know of one check.

    Attributes:
        version: Hash of the check's normalised content, 16 hexadecimal digits.
        families: Its base: the families it is asked of; empty means every server.
        words: What it means when it is shown; empty where the judgement was stored without it.
    """

    id: str
    version: str
    name: str
    level: Level
    severity: str
    families: tuple[str, ...]
    remedy: str
    sources: tuple[str, ...]
    words: str = ""

    @property
    def named(self) -> str:
        """The check as it stands in a log: ``id@version``."""
        return f"{self.id}@{self.version}"


class JudgementManifest(msgspec.Struct, frozen=True):
    """One judgement over one sealed round. Stored beside its tables; a verdict ``not shown`` is implied by it.

    Attributes:
        id: Hash of engine, packs and parameters, 16 hexadecimal digits.
        engine: Version of the judging code.
        parameters: Assumptions that the operator set, as ``check.parameter`` to value.
    """

    id: str
    engine: str
    packs: tuple[str, ...]
    checks: tuple[CheckInfo, ...]
    parameters: tuple[tuple[str, str], ...] = ()
