"""Attack events in columns: a few octets each, so that millions fit."""

import datetime as dt
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from ebbtide.pressure.scanning import Seen
from ebbtide.pressure.signatures.records import Signature
from ebbtide.pressure.sources import NEARNESS_BY_BLOCK, Nearness, Neighbourhood, SourcePolicy, write_source

_MOST_FORMS = 10_000
_OTHER_FORMS = "other forms"


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event, for export.

    Attributes:
        time_s: Seconds since 1970, UTC.
        day: ISO date in the log's own zone.
        signature: Id.
        form: As ``Sighting.form``.
        source: As the policy keeps it; ``None`` where sources are not told.
    """

    time_s: int
    day: str
    signature: str
    form: str
    source: str | None = None


class Events:
    """All events of a reading.

    Args:
        signatures: What was looked for; columns hold their numbers.
        policy: How sources are kept.
        neighbourhood: Of our own address.

    Attributes:
        times, days, signature_numbers, source_numbers, form_numbers, nearness: Columns of equal length.
        sources, forms: What the numbers stand for.
        is_near_told: Whether it is known how near sources lie: from our own address, or since a log tells it.
    """

    def __init__(self, signatures: Sequence[Signature], policy: SourcePolicy, neighbourhood: Neighbourhood) -> None:
        self.signatures = tuple(signatures)
        self._numbers = {signature.id: number for number, signature in enumerate(signatures)}
        self._policy = policy
        self.neighbourhood = neighbourhood
        self.times = array("q")
        self.days = array("i")
        self.signature_numbers = array("H")
        self.source_numbers = array("I")
        self.form_numbers = array("I")
        self.nearness = array("B")
        self.is_near_told = neighbourhood.is_known
        self.sources: dict[str, int] = {}
        self.forms: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.times)

    def add(self, seen: Seen) -> None:
        """Add an event."""
        request, sighting = seen.request, seen.sighting
        source = write_source(request.source)
        kept = self._policy.keep(source, month_of(request.day))
        form = sighting.form
        if len(self.forms) >= _MOST_FORMS and form not in self.forms:
            form = _OTHER_FORMS
        self.times.append(request.time_s)
        self.days.append(request.day)
        self.signature_numbers.append(self._numbers[sighting.signature.id])
        self.source_numbers.append(self.sources.setdefault(kept, len(self.sources)))
        self.form_numbers.append(self.forms.setdefault(form, len(self.forms)))
        if request.near is None:
            self.nearness.append(self.neighbourhood.of(source))
        else:
            self.is_near_told = True
            self.nearness.append(NEARNESS_BY_BLOCK.get(request.near, Nearness.FAR))

    def export(self, *, with_sources: bool = False) -> Iterator[Event]:
        """All events in order of time, then of signature, form and source.

        Args:
            with_sources: Tell sources, as the policy keeps them.
        """
        sources, forms = tuple(self.sources), tuple(self.forms)
        order = sorted(
            range(len(self)),
            key=lambda row: (
                self.times[row], self.signature_numbers[row], forms[self.form_numbers[row]],
                sources[self.source_numbers[row]],
            ),
        )  # fmt: skip
        for row in order:
            yield Event(
                self.times[row], iso_date(self.days[row]), self.signatures[self.signature_numbers[row]].id,
                forms[self.form_numbers[row]], sources[self.source_numbers[row]] if with_sources else None,
            )  # fmt: skip


@lru_cache(maxsize=4096)
def month_of(day: int) -> str:
    """The month of a day (ordinal), as ``2004-05``."""
    return iso_date(day)[:7]


@lru_cache(maxsize=4096)
def iso_date(day: int) -> str:
    """A day (ordinal) as ``2004-05-01``."""
    return dt.date.fromordinal(day).isoformat()
