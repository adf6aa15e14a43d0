"""What may happen in a month of a scenario, beside the rates: frozen records, told apart by ``kind``."""

from typing import Annotated, Literal

import msgspec

from ebbtide.lab.scenario_values import Fraction, Label, Name

MOST_DELAY_DAYS = 14
"""Whoever must wait for a letter waits no longer."""


class Mending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share of the servers that have a hole mends it.

    Attributes:
        check: The hole.
        share: Of the servers concerned that have it: the hazard of this month.
        arm: Only servers of this arm; empty for all.
    """

    check: Name
    share: Fraction
    arm: str = ""


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all events have.

    Attributes:
        id: Short name.
        month: In which it happens; what it does is seen by the round of this month.
        strata: Whose servers it concerns; all if empty.
    """

    id: Name
    month: Label
    strata: tuple[Name, ...] = ()


class Patch(Event, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="patch"):
    """A patch comes out, and some install it."""

    mends: Annotated[tuple[Mending, ...], msgspec.Meta(min_length=1)]


class Worm(Event, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="worm"):
    """A worm goes round: it makes some mend the hole, and infects some of those that do not.

    Attributes:
        infects: Share of the servers open to Code Red after the mending that bear the worm's mark from now on.
    """

    mends: tuple[Mending, ...] = ()
    infects: Fraction = 0.0


class Letters(Event, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="letters"):
    """Owners are told, one arm at once and the other later.

    Attributes:
        control: The arm that is told later.
        delay_days: By how much later.
        mends: What each arm mends until the round.
    """

    control: Name
    delay_days: Annotated[int, msgspec.Meta(ge=1, le=MOST_DELAY_DAYS)]
    mends: Annotated[tuple[Mending, ...], msgspec.Meta(min_length=1)]


class Entry(Event, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="entry"):
    """Strata come into the list of names that are asked; until then nobody knows of them."""


class Exit(Event, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="exit"):
    """Strata leave the list of names that are asked."""


class Renumbering(Event, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="renumbering"):
    """The same servers get other addresses."""


class Renewal(Event, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="renewal"):
    """Certificates are renewed: with the key that they had, with a new one, or all by one wildcard that they share."""

    way: Literal["same_key", "new_key", "shared"]


class Detector(Event, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="detector"):
    """The check gets better: from this month on it is told ``value``, and until then it was told ``before``."""

    check: Name
    parameter: Name
    before: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Firewall(Event, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="firewall"):
    """Servers cut off whoever asks from one address; everybody else is answered.

    Attributes:
        source: The address.
        share: Of the servers concerned.
        until: First month in which it is gone; empty: it stays.
    """

    source: str = "127.0.0.1"
    share: Fraction = 1.0
    until: str = ""


AnyEvent = Patch | Worm | Letters | Entry | Exit | Renumbering | Renewal | Detector | Firewall


def mends_of(event: AnyEvent) -> tuple[Mending, ...]:
    """What an event mends."""
    return event.mends if isinstance(event, Patch | Worm | Letters) else ()
