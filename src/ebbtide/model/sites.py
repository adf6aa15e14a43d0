"""One site in the rounds of a survey: for its owner, never for a publication."""

import enum

import msgspec

from ebbtide.model.verdicts import CheckInfo

SHOWN, NOT_SHOWN, CANNOT_TELL, NOT_ASKED, OTHER_VERSION = "s", "n", "c", "-", "|"
"""Letters of a path, one a round. Results of another version of a check are never compared with today's."""


class Standing(enum.Enum):
    """One word for a history; see ``standing_of``."""

    NEW = "new"
    OPEN = "open"
    REOPENED = "re-opened"
    FLAPPING = "flapping"
    ACCEPTED = "accepted"
    FIXED = "fixed"
    UNSEEN = "not seen since"
    CLEAN = "not shown"
    UNTESTED = "not tested"


class TargetSight(msgspec.Struct, frozen=True):
    """How one target of the site ended in one round.

    Attributes:
        url: Scheme, host and port.
        address: Where it was asked, or last tried; empty if it has none.
        outcome: ``answered``, or ``failed`` or ``skipped`` with what stands behind it.
        family, product, version: Of the server that answered; empty if none did.
    """

    url: str
    address: str
    outcome: str
    family: str
    product: str
    version: str

    @property
    def is_answered(self) -> bool:
        """Whether it answered."""
        return self.outcome == "answered"


class Sight(msgspec.Struct, frozen=True):
    """The site in one round; ``day`` is the round's reference date."""

    round: str
    day: str
    targets: tuple[TargetSight, ...]

    @property
    def is_answered(self) -> bool:
        """Whether any target answered."""
        return any(each.is_answered for each in self.targets)


class SiteEvidence(msgspec.Struct, frozen=True):
    """What showed a check.

    Attributes:
        method, url: Of the request.
        status: Of the answer.
        asked_at: UTC, ISO 8601.
        part, excerpt, matcher: As ``model.verdicts.Evidence``.
        address: Where it was asked.
    """

    method: str
    url: str
    status: int | None
    asked_at: str
    part: str
    excerpt: str
    matcher: str
    address: str


class SiteCheck(msgspec.Struct, frozen=True):
    """One check of the latest round, and how the site stood with it in every round.

    Attributes:
        path: A letter a round; see ``standing``.
        reason: Why the latest round did not settle it; empty if it did.
        first_shown, last_shown: Rounds; empty if it was never shown.
        first_fixed: The first round after ``last_shown`` in which it was seen mended; empty if there is none.
        evidence: Of the last round that showed it, one for each target.
    """

    info: CheckInfo
    path: str
    standing: Standing
    reason: str
    first_shown: str
    last_shown: str
    first_fixed: str
    evidence: tuple[SiteEvidence, ...]

    @property
    def is_shown(self) -> bool:
        """Whether the latest round shows it."""
        return self.path.endswith(SHOWN)


class SiteHistory(msgspec.Struct, frozen=True):
    """A site in all judged rounds that planned it.

    Attributes:
        host: Canonical name or address.
        rounds: Rising by reference date; the last is the one that is spoken of.
        checks: Those of the last round, in its order.
    """

    host: str
    rounds: tuple[Sight, ...]
    checks: tuple[SiteCheck, ...]

    @property
    def latest(self) -> Sight:
        """The round that is spoken of."""
        return self.rounds[-1]


class Peers(msgspec.Struct, frozen=True):
    """A site among its peers; itself is not one of them.

    Attributes:
        family: Of the server, and of its peers.
        size: Sites on one address, to the power of ten below: 0 is 1 to 9, 1 is 10 to 99, 3 is 1,000 and more.
        count: Peers.
        worse, equal: Those that lose more points, and as many.
        share_worse: ``worse`` and half of ``equal`` over ``count``; ``None`` where there are too few peers.
    """

    family: str
    size: int
    count: int
    worse: int
    equal: int
    share_worse: float | None
