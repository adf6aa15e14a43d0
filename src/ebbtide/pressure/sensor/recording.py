"""What was read of a connection becomes a line; lines become batches; batches go to the writer."""

import time
from collections.abc import Callable

import msgspec

from ebbtide.pressure.sensor.answers import choose_status, encode_answer
from ebbtide.pressure.sensor.records import (
    FORMAT,
    ConnectionRecord,
    Counts,
    Kind,
    Outcome,
    State,
    StateLine,
    stamp,
)
from ebbtide.pressure.sensor.segments import SegmentFolder, SegmentWriter
from ebbtide.pressure.sensor.settings import SensorSettings
from ebbtide.pressure.sensor.visitors import Visitor

_BATCH_BYTES = 65_536
_NS = 1_000_000_000
_NS_PER_MS = 1_000_000


class Recorder:
    """Answers and records.

    Args:
        folder: Of the segments.
        run: Names this run.
        settings: Of the sensor.
        listen: Where it really listens.
        is_own_known: Whether it can be told how near a source lies.
        now_ns: Nanoseconds since 1970.
        now_s: Seconds that only grow; heartbeats go by them, whatever is done to the clock.

    Attributes:
        counts: Since the start.
    """

    def __init__(
        self,
        folder: SegmentFolder,
        run: str,
        settings: SensorSettings,
        listen: tuple[str, ...],
        *,
        is_own_known: bool,
        now_ns: Callable[[], int] = time.time_ns,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts = Counts()
        self._run = run
        self._settings = settings
        self._listen = listen
        self._is_own_known = is_own_known
        self._now_ns = now_ns
        self._encode = msgspec.json.Encoder().encode
        self._lines: list[bytes] = []
        self._size = 0
        self._now_s = now_s
        self._next_beat_s = now_s() + settings.heartbeat_s
        self.writer = SegmentWriter(folder, run, settings.disk, self._state_line, now_ns)
        self.writer.start(self._state_line(State.START))

    @property
    def trouble(self) -> str:
        """Why the sensor has to end; empty if it need not."""
        return self.writer.trouble

    @property
    def is_lagging(self) -> bool:
        """Whether so much waits for the disk that nobody should be accepted."""
        return self.writer.is_lagging

    def _state_line(self, state: State) -> bytes:
        is_first = state in {State.START, State.GO_ON}
        line = StateLine(
            state, stamp(self._now_ns()), self._run, self._settings.heartbeat_s, FORMAT if is_first else 0,
            self._listen if is_first else (), self._settings.keeping.value if is_first else "",
            is_first and self._is_own_known, self.counts,
        )  # fmt: skip
        return msgspec.json.encode(line) + b"\n"

    def record(self, visitor: Visitor, outcome: Outcome) -> None:
        """Answer what can be answered, and add the line of a connection.

        Args:
            visitor: It is over.
            outcome: Why, unless its request was read to the end.
        """
        received = visitor.reader.close(outcome)
        status = choose_status(received)
        now_ns = self._now_ns()
        if status:
            visitor.answer(
                encode_answer(
                    status, now_ns // _NS, is_head=received.method == "HEAD", is_bare=received.version == "0.9"
                )
            )
        record = ConnectionRecord(
            stamp(visitor.at_ns), visitor.on, visitor.source, received.kind, received.outcome,
            max(0, now_ns - visitor.at_ns) // _NS_PER_MS, received.octets, received.method, received.target,
            received.version, received.fields, received.names, received.body_bytes, received.body_sha256, status,
            visitor.is_answered, received.begun, received.is_shortened, visitor.near,
        )  # fmt: skip
        line = self._encode(record) + b"\n"
        self._lines.append(line)
        self._size += len(line)
        self._count(record)
        if self._size >= _BATCH_BYTES:
            self._hand_over()

    def _count(self, record: ConnectionRecord) -> None:
        counts = self.counts
        counts.recorded += 1
        if record.kind is Kind.HTTP and record.version:
            counts.requests += 1
        counts.outcomes[record.outcome.value] = counts.outcomes.get(record.outcome.value, 0) + 1
        counts.kinds[record.kind.value] = counts.kinds.get(record.kind.value, 0) + 1

    def turn(self) -> None:
        """Hand over what there is; the loop calls this several times a second. Every minute it says that it is up."""
        if self._now_s() >= self._next_beat_s:
            self._next_beat_s = self._now_s() + self._settings.heartbeat_s
            self._hand_over()
            self.writer.put(self._state_line(State.HEARTBEAT), 0)
        elif self._lines:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._lines:
            self.writer.put(b"".join(self._lines), len(self._lines))
            self._lines.clear()
            self._size = 0

    def close(self) -> None:
        """Write everything, and say that the sensor ends."""
        self._hand_over()
        self.writer.put(self._state_line(State.STOP), 0)
        self.writer.close()
