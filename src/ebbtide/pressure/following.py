"""Live logs to visits as they begin, and to the same counts as a reading gives."""

import pickle
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence

import msgspec

from ebbtide.pressure.dialects.detecting import detect
from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.events import Events
from ebbtide.pressure.ledger import make_ledger
from ebbtide.pressure.reading import FileReport, Reading
from ebbtide.pressure.scanning import BlockReport, Sample, Scanner, sections
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.source_numbers import FIRST_TEXT
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy
from ebbtide.pressure.spells import VISIT_GAP_S
from ebbtide.pressure.tailing import Added, Tails

_HELD_BYTES = 1 << 18
"""Lines of a log that are kept back until its dialect is told."""

_DIALECT_S = 3600.0
"""How long a dialect that tells years from today is believed."""

_SWEEP_S = 600


class Visit(msgspec.Struct, frozen=True):
    """A visit that has begun.

    Attributes:
        path: The log.
        time_s: Of its first request, seconds since 1970, UTC.
        signature: Id.
        family: As reports name it.
        form: Of its first request.
        source: As the policy keeps it.
    """

    path: str
    time_s: int
    signature: str
    family: str
    form: str
    source: str


class _Followed:
    """One log: its dialect, and what it has given so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.dialect: Dialect | None = None
        self.told_s = 0.0
        self.held = b""
        self.lines = 0
        self.sample = Sample()

    def ready(self, added: Added) -> bytes:
        """Lines that can be read now; those before the dialect is told are kept back."""
        data, self.held = self.held + added.lines, b""
        is_stale = self.dialect is None or (not self.dialect.directive and time.monotonic() > self.told_s + _DIALECT_S)
        if added.is_first or is_stale:
            lines = [line.rstrip(b"\r") for line in data[:_HELD_BYTES].split(b"\n")]
            self.dialect = detect(lines[:-1] or lines, time.time()) or self.dialect
            self.told_s = time.monotonic()
        if self.dialect is None:
            kept = data[-_HELD_BYTES:]
            self.held = kept[kept.find(b"\n") + 1 :] if len(kept) < len(data) else kept
            self.lines += data.count(b"\n") - self.held.count(b"\n")
            return b""
        return data

    def report(self) -> FileReport:
        """How it was read so far."""
        sample = self.sample
        return FileReport(
            self.path, self.dialect.name if self.dialect else "", self.lines + self.held.count(b"\n"), 0,
            sample.requests, sample.other, sample.rejected,
            tuple(reject.decode("latin-1") for reject in sample.rejects),
        )  # fmt: skip


class Follower:
    """Follows logs that are being written.

    A visit is told when its first request is read. Counts are those of a reading, whatever the order of lines; a visit
    is told twice if lines come in more than half an hour behind others of the same source.

    Args:
        paths: Logs; they need not be there yet.
        signatures: What to look for.
        policy: How sources are kept.
        neighbourhood: Of our own address.

    Raises:
        PressureError: A log cannot be followed.

    Attributes:
        events: All so far.
        lines: Lines so far.
    """

    def __init__(
        self, paths: Sequence[str], signatures: SignatureSet, policy: SourcePolicy, neighbourhood: Neighbourhood
    ) -> None:
        self._tails = Tails(paths)
        self._scanner = Scanner(signatures, policy, neighbourhood)
        self._logs = {path: _Followed(path) for path in paths}
        self.events = Events(signatures.signatures, policy, neighbourhood)
        self.lines = 0
        self._days: Counter[int] = Counter()
        self._whole_days: set[int] = set()
        self._latest: dict[tuple[int, str], int] = {}
        self._swept_s = 0

    def read(self) -> Iterator[Visit]:
        """Read what was added since the last time.

        Yields:
            Visits that began in it.
        """
        for added in self._tails.read():
            yield from self._take(added)

    def finish(self) -> Iterator[Visit]:
        """Read what is left, and close the logs."""
        for added in self._tails.finish():
            yield from self._take(added)

    def reading(self) -> Reading:
        """Everything so far, as a reading of the same lines gives it."""
        logs = [log.dialect for log in self._logs.values() if log.dialect is not None]
        spans = [span for dialect in logs for span in dialect.spans or ()]
        ledger = make_ledger(self._days, self._whole_days, spans)
        return Reading(self.events, ledger, tuple(log.report() for log in self._logs.values()))

    def _take(self, added: Added) -> Iterator[Visit]:
        log = self._logs[added.path]
        self.lines += added.lines.count(b"\n")
        data = log.ready(added)
        if not data or log.dialect is None:
            return
        state = pickle.dumps(log.dialect, pickle.HIGHEST_PROTOCOL)
        if log.dialect.directive:
            deque(sections(log.dialect, data), maxlen=0)
        report = self._scanner.scan(state, data, is_first=added.is_first)
        log.lines += report.lines
        log.sample.add(report.sample)
        self._days.update(report.days)
        if log.dialect.spans is None:
            self._whole_days.update(report.days)
        self.events.add(report.found)
        yield from self._begun(log.path, report)

    def _begun(self, path: str, report: BlockReport) -> Iterator[Visit]:
        """Visits that began in a block."""
        found = report.found
        for source, time_s, _, form, number, _ in found.rows.tolist():
            is_text = source >= FIRST_TEXT and source - FIRST_TEXT < len(found.sources)
            told = found.sources[source - FIRST_TEXT] if is_text else self.events.sources.text(source)
            before = self._latest.get((number, told))
            self._latest[number, told] = time_s if before is None else max(time_s, before)
            if before is None or time_s - before > VISIT_GAP_S:
                signature = self.events.signatures[number]
                yield Visit(path, time_s, signature.id, signature.family, found.forms[form], told)
            self._sweep(time_s)

    def _sweep(self, time_s: int) -> None:
        """Forget visits that are long over."""
        if time_s - self._swept_s > _SWEEP_S:
            self._swept_s = time_s
            self._latest = {key: last for key, last in self._latest.items() if last >= time_s - 2 * VISIT_GAP_S}
