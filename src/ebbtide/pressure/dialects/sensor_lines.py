"""Lines of our own sensor: connections, and when it was up."""

import datetime as dt

import msgspec

from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.exposure import Span
from ebbtide.pressure.records import Aside, Line, LogRequest
from ebbtide.pressure.sensor.records import FORMAT, STATE_MARK, ConnectionRecord, Kind, State, StateLine
from ebbtide.pressure.stamps import iso_day, read_iso

_AT = b'"at":"'
_DATE = len("2026-11-27")
_MISSED_BEATS = 3
"""A longer silence between two heartbeats than so many of them was no time of watching: the machine slept."""


class SensorLines(Dialect):
    """Lines that the sensor writes, one JSON object each. A segment begins and ends with lines that say it is up."""

    name = "ebbtide sensor"
    directive = STATE_MARK

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._latest: dict[str, int] = {}
        self._is_own_known = False
        self._is_newer = False

    @property
    def spans(self) -> list[Span] | None:
        """From each start to the last line that says that the sensor is still up."""
        return self._spans

    def direct(self, line: bytes) -> None:
        """Take note of a line that says that the sensor is up."""
        try:
            state = msgspec.json.decode(line, type=StateLine)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        moment = read_iso(state.at.encode("utf-8", "replace"))
        if moment is None:
            return
        now_s = moment[1]
        if state.sensor in {State.START, State.GO_ON}:
            self._is_own_known = state.is_own_known
            self._is_newer = state.format > FORMAT
        before_s = self._latest.get(state.run)
        if before_s is not None and state.sensor is not State.START:
            self._watched(before_s, now_s, state.every_s)
        if state.sensor is State.STOP:
            self._latest.pop(state.run, None)
        else:
            self._latest[state.run] = now_s

    def _watched(self, before_s: int, now_s: int, every_s: float) -> None:
        if not 0 <= now_s - before_s <= max(every_s * _MISSED_BEATS, 1):
            return
        if self._spans and self._spans[-1].end_s == before_s:
            self._spans[-1] = Span(self._spans[-1].begin_s, now_s)
        else:
            self._spans.append(Span(before_s, now_s))

    def read(self, line: bytes) -> Line:
        """Read a line; see ``Dialect.read``. Only a whole request line is a request, as other servers have it."""
        if line.startswith(STATE_MARK) or not line.strip():
            return Aside.OTHER
        try:
            record = msgspec.json.decode(line, type=ConnectionRecord)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Aside.REJECTED
        moment = read_iso(record.at.encode("utf-8", "replace"))
        if moment is None or self._is_newer:
            return Aside.REJECTED
        if record.kind is not Kind.HTTP or not record.version:
            return Aside.OTHER
        fields = {name: value.encode("utf-8", "replace") for name, value in record.fields.items()}
        return LogRequest(
            *moment, record.source.encode("utf-8", "replace"), record.method.encode("utf-8", "replace"),
            record.target.encode("utf-8", "replace"), record.status, fields.get("user-agent", b""),
            fields.get("referer", b""), record.near if self._is_own_known else None,
        )  # fmt: skip

    def day(self, line: bytes) -> int:
        """The day, UTC, of a connection or of a line that says that the sensor is up."""
        begin = line.find(_AT)
        return iso_day(line[begin + len(_AT) : begin + len(_AT) + _DATE]) if begin >= 0 else 0

    def day_token(self, day: int) -> bytes:
        """The date behind the name of its field; a quote inside a value is written otherwise."""
        return _AT + dt.date.fromordinal(day).isoformat().encode() + b"T"
