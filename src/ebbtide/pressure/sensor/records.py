"""Lines that the sensor writes: one for each connection, and those that say when it was up."""

import datetime as dt
import enum
from functools import lru_cache

import msgspec

FORMAT = 1
STATE_MARK = b'{"sensor":"'
"""How lines begin that speak of the sensor itself."""
_NS = 1_000_000_000
_PLAIN = bytes(number for number in range(0x20, 0x7F) if number not in b'"\\')
_ESCAPES = {number: f"\\x{number:02X}" for number in range(256) if number not in _PLAIN}


class Kind(enum.Enum):
    """What somebody spoke."""

    HTTP = "http"
    HTTP2 = "http2"
    """The opening of HTTP/2 without TLS."""
    TLS = "tls"
    PROXY = "proxy"
    """The opening of the PROXY protocol; what it claims is neither believed nor kept."""
    OTHER = "other"
    SILENT = "silent"
    """Nothing was sent."""


class Outcome(enum.Enum):
    """How a connection ended."""

    COMPLETE = "complete"
    CUT = "cut"
    """Head or body went beyond a cap."""
    MALFORMED = "malformed"
    """The body's chunks could not be read."""
    NOT_HTTP = "not_http"
    TIMED_OUT = "timed_out"
    CLOSED = "closed"
    """The other side closed before it had asked."""
    RESET = "reset"
    STOPPED = "stopped"
    """The sensor ended."""


class ConnectionRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    r"""One connection and what was asked over it. Octets that are no plain ASCII stand as ``\xNN``, as nginx has them.

    Attributes:
        at: When it was accepted, UTC, nanoseconds.
        on: Address and port that were called.
        source: Who called, as the policy keeps it.
        kind: What was spoken.
        outcome: How it ended.
        elapsed_ms: From being accepted to its end.
        octets: What was read.
        method, target, version: Of the request line; empty where there is none. The version is ``0.9`` where a whole
            request line has none, and empty where the line did not end.
        fields: Values of chosen fields, by name in lower case.
        names: Names of all other fields that were sent, those with secrets among them, without their values.
        body_bytes: Octets of the body that were read, without chunks.
        body_sha256: Of these; empty without a body.
        status: Of the answer; 0 if there was none.
        is_answered: The whole answer was handed to the system.
        begun: What came first, where it was no HTTP.
        is_shortened: The target or a value was longer than what is kept.
        near: 16 or 8 if the source lies in that block of our own address; 0 if not, or if that is not known.
    """

    at: str
    on: str
    source: str
    kind: Kind
    outcome: Outcome
    elapsed_ms: int
    octets: int
    method: str = ""
    target: str = ""
    version: str = ""
    fields: dict[str, str] = {}
    names: tuple[str, ...] = ()
    body_bytes: int = 0
    body_sha256: str = ""
    status: int = 0
    is_answered: bool = False
    begun: str = ""
    is_shortened: bool = False
    near: int = 0


class State(enum.Enum):
    """What a line says of the sensor itself."""

    START = "start"
    HEARTBEAT = "heartbeat"
    ROTATE = "rotate"
    """The last line of a segment that another follows."""
    GO_ON = "go_on"
    """The first line of that other."""
    STOP = "stop"


class Counts(msgspec.Struct):
    """What happened since the start.

    Attributes:
        accepted: Connections taken on; each gives one line.
        recorded: Lines handed to the writer.
        refused_full, refused_source: Connections closed at once, unrecorded: too many were open in all, or from one
            source.
        requests: HTTP requests whose request line was whole.
        outcomes, kinds: Lines by each.
        pauses: How often nobody was accepted for a while, since the disk lagged or files ran out.
    """

    accepted: int = 0
    recorded: int = 0
    refused_full: int = 0
    refused_source: int = 0
    requests: int = 0
    outcomes: dict[str, int] = {}
    kinds: dict[str, int] = {}
    pauses: int = 0


class StateLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line about the sensor itself.

    Attributes:
        sensor: What happened.
        at: When, UTC.
        run: Names one run of the sensor; the same from start to stop.
        every_s: Seconds between heartbeats.
        format: Of all lines of the segment.
        listen: Where it listens.
        sources: How sources are kept.
        is_own_known: Whether ``near`` was looked for.
        counts: Since the start.
    """

    sensor: State
    at: str
    run: str
    every_s: float
    format: int = 0
    listen: tuple[str, ...] = ()
    sources: str = ""
    is_own_known: bool = False
    counts: Counts | None = None


def stamp(ns: int) -> str:
    """A moment as ``2026-11-27T05:54:07.123456789Z``.

    Args:
        ns: Nanoseconds since 1970, UTC.
    """
    return f"{_second(ns // _NS)}.{ns % _NS:09}Z"


@lru_cache(maxsize=64)
def _second(second: int) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def escape_octets(octets: bytes) -> str:
    r"""Octets as text without loss: all but plain ASCII, and ``"`` and ``\``, as ``\xNN``.

    ``normalising.unescape_log`` undoes it.
    """
    text = octets.decode("latin-1")
    return text.translate(_ESCAPES) if octets.translate(None, _PLAIN) else text
