"""What is kept of the attacks in a server's own logs: one flat record a row, and how a family behaves."""

import msgspec


class AttackFamily(msgspec.Struct, frozen=True):
    """A family of attacks, as its signature had it when logs were last kept.

    Attributes:
        id: Of the signature.
        name: As reports name it.
        kind: ``worm``, ``botnet``, ``scanner``, ``tool`` or ``research``; the last counts as no attack.
        check: Id of the check that sees the hole from outside that the family uses; empty if there is none.
        active_from, active_to: Days of a month on which it spreads; 1 and 31 for always.
    """

    id: str
    name: str
    kind: str
    check: str = ""
    active_from: int = 1
    active_to: int = 31

    @property
    def is_attack(self) -> bool:
        """Whether its requests count as pressure."""
        return self.kind != "research"

    @property
    def marks_infected(self) -> bool:
        """Whether who sends its requests is a machine that was taken over."""
        return self.kind in {"worm", "botnet"}

    def is_active(self, day: str) -> bool:
        """Whether it spreads on a day, ISO form."""
        return self.active_from <= int(day[8:]) <= self.active_to


class ObservedDayRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``observed_days``: a day on which the log was there to see.

    Attributes:
        day: ISO date in the log's own zone, here and in the other tables.
        lines: Lines of the log; where several logs share a day, those of the longest.
        seconds: How long it was observed: of a sensor, how long it was up; 86,400 for a whole day.
    """

    day: str
    lines: int
    seconds: int = 86_400


class AttackRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``attacks``: requests of one family from one source in one second. Kept for ``[pressure] sources_days``.

    Attributes:
        time_s: Seconds since 1970, UTC.
        source: As ``[pressure] sources`` keeps it: an address, a prefix, or a hash whose key is the month's own.
        near: 2 if the source lies in our own /16, 1 if in our own /8, else 0; ``None`` if our address is not known.
    """

    time_s: int
    day: str
    signature: str
    source: str
    near: int | None
    requests: int


class AttackDayRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``attack_days``: one family (``all`` for all attacks together) on one day; kept for good.

    A family without a row had no request on that day if the day is in ``observed_days``.
    """

    day: str
    signature: str
    requests: int
    visits: int
    sources: int


class AttackMonthRow(msgspec.Struct, frozen=True, gc=False):
    """Table ``attack_months``: one family (``all`` for all attacks together) in one month; kept for good.

    Attributes:
        sources: Different ones in the month; not the sum of those of its days.
        top_requests: Requests of the busiest source.
        near_16, near_8: Sources in our own /16, and in our own /8 outside it; ``None`` if our address is not known.
    """

    month: str
    signature: str
    requests: int
    visits: int
    sources: int
    top_requests: int
    near_16: int | None
    near_8: int | None


ATTACKS_OTHERS = "attacks-others"
"""Id of the mark of a server of the frame that was seen among the attackers: for its owner alone, never published."""
