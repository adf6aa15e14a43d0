"""Attack events: a few octets each, in bounded memory however many there are."""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec
import numpy as np

from ebbtide.pressure.rows import MOST_IN_MEMORY, ROW, Rows, RowStore, by_time
from ebbtide.pressure.signatures.records import Signature
from ebbtide.pressure.source_numbers import FIRST_TEXT, SourceNumbers
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy
from ebbtide.pressure.tallying import Tally, count_rows

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


class Found(msgspec.Struct, frozen=True):
    """Events of a stretch of a log, with numbers of their own.

    Attributes:
        rows: As ``ROW`` has it; a source of ``FIRST_TEXT`` and above stands in ``sources``, a form in ``forms``.
        sources: Sources that are no number by themselves, by number less ``FIRST_TEXT``.
        forms: By number.
        is_near_told: The log tells how near some sources lie.
    """

    rows: Rows
    sources: tuple[str, ...]
    forms: tuple[str, ...]
    is_near_told: bool = False


class Events:
    """All events of a reading.

    Args:
        signatures: What was looked for; rows hold their numbers.
        policy: How sources are kept.
        neighbourhood: Of our own address.
        most_in_memory: How many events stay in memory at once; all others lie in a temporary file.

    Attributes:
        is_near_told: Whether it is known how near sources lie: from our own address, or since a log tells it.
    """

    def __init__(
        self,
        signatures: Sequence[Signature],
        policy: SourcePolicy,
        neighbourhood: Neighbourhood,
        most_in_memory: int = MOST_IN_MEMORY,
    ) -> None:
        self.signatures = tuple(signatures)
        self.policy = policy
        self.neighbourhood = neighbourhood
        self.is_near_told = neighbourhood.is_known
        self.sources = SourceNumbers(policy.keeping)
        self.forms: dict[str, int] = {}
        self._rows = RowStore(most_in_memory)
        self._first_s = self._last_s = 0
        self._tally: Tally | None = None

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._rows)

    def add(self, found: Found) -> None:
        """Add what a stretch of a log holds; the stretches of a log come in order."""
        if not len(found.rows):
            return
        self.is_near_told = self.is_near_told or found.is_near_told
        rows = found.rows.copy()
        rows["form"] = self._form_numbers(found.forms)[rows["form"]]
        if found.sources:
            texts = rows["source"] >= FIRST_TEXT
            numbers = np.array([self.sources.number(text) for text in found.sources], np.uint64)
            rows["source"][texts] = numbers[(rows["source"][texts] - np.uint64(FIRST_TEXT)).astype(np.intp)]
        first_s, last_s = int(rows["time_s"].min()), int(rows["time_s"].max())
        self._first_s = min(self._first_s, first_s) if len(self) else first_s
        self._last_s = max(self._last_s, last_s) if len(self) else last_s
        self._rows.add(rows)
        self._tally = None

    def _form_numbers(self, forms: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
        numbers = []
        for form in forms:
            is_known = form in self.forms or len(self.forms) < _MOST_FORMS
            kept = form if is_known else _OTHER_FORMS
            numbers.append(self.forms.setdefault(kept, len(self.forms)))
        return np.array(numbers, np.uint32)

    def tally(self) -> Tally:
        """What they come to; worked out once."""
        if self._tally is None:
            self._tally = count_rows(self._rows, [signature.is_attack for signature in self.signatures])
        return self._tally

    def export(self, *, with_sources: bool = False) -> Iterator[Event]:
        """All events in order of time, then of signature, form and source.

        Args:
            with_sources: Tell sources, as the policy keeps them.
        """
        forms = tuple(self.forms)
        for store in self._rows.parts(by_time(self._first_s, self._last_s)):
            part = np.concatenate(list(store))
            texts = {int(number): self.sources.text(int(number)) for number in np.unique(part["source"])}
            rows = part[np.lexsort((part["signature"], part["time_s"]))].tolist()
            begin = 0
            for end in range(1, len(rows) + 1):
                if end < len(rows) and rows[end][_TIME] == rows[begin][_TIME]:
                    continue
                same = [(row[_SIGNATURE], forms[row[_FORM]], texts[row[_SOURCE]], row[_DAY]) for row in rows[begin:end]]
                for number, form, source, day in sorted(same):
                    yield Event(
                        rows[begin][_TIME], iso_date(day), self.signatures[number].id, form,
                        source if with_sources else None,
                    )  # fmt: skip
                begin = end


_SOURCE, _TIME, _DAY, _FORM, _SIGNATURE = (
    ROW.names.index(name) if ROW.names else 0 for name in ("source", "time_s", "day", "form", "signature")
)


@lru_cache(maxsize=4096)
def month_of(day: int) -> str:
    """The month of a day (ordinal), as ``2004-05``."""
    return iso_date(day)[:7]


@lru_cache(maxsize=4096)
def iso_date(day: int) -> str:
    """A day (ordinal) as ``2004-05-01``."""
    return dt.date.fromordinal(day).isoformat()
