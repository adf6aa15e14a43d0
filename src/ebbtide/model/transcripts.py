"""What a target really answered: exchanges, and the transcript that holds them.

Records that come by the million are ``gc=False``: frozen values hold no cycle, and a garbage collector that looks at
each of them again and again costs more than reading them.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec

from ebbtide.model.outcomes import Answered, Outcome
from ebbtide.model.targets import Level, Target


class Method(StrEnum):
    """The only methods that Ebbtide sends."""

    GET = "GET"
    HEAD = "HEAD"

    __hash__ = str.__hash__  # that of Enum is Python, and every request is a key somewhere


class Purpose(StrEnum):
    """Why a request is in the plan."""

    ROOT = "root"
    ABSENT = "absent"
    ICON = "icon"
    CHECK = "check"
    REDIRECT = "redirect"
    ROBOTS = "robots"

    __hash__ = str.__hash__


class Deviation(StrEnum):
    """A departure from RFC 9112 or RFC 9110 that was read all the same."""

    BARE_LF = "bare_lf"
    HTTP_09 = "http_09"
    ICY = "icy"
    ODD_VERSION = "odd_version"
    ODD_STATUS = "odd_status"
    GARBAGE_BEFORE_STATUS = "garbage_before_status"
    FIELD_WITHOUT_COLON = "field_without_colon"
    SPACE_BEFORE_COLON = "space_before_colon"
    EMPTY_FIELD_NAME = "empty_field_name"
    CONTROL_IN_FIELD = "control_in_field"
    OBSOLETE_FOLD = "obsolete_fold"
    TOO_MANY_FIELDS = "too_many_fields"
    BAD_CONTENT_LENGTH = "bad_content_length"
    CONFLICTING_CONTENT_LENGTH = "conflicting_content_length"
    LENGTH_AND_CHUNKED = "length_and_chunked"
    BAD_CHUNK = "bad_chunk"
    EXTRA_AFTER_BODY = "extra_after_body"
    BODY_SHORTER_THAN_LENGTH = "body_shorter_than_length"
    BODY_WITHOUT_RIGHT = "body_without_right"
    UNKNOWN_CODING = "unknown_coding"
    BAD_CODING = "bad_coding"
    CODING_RATIO = "coding_ratio"
    INFORMATIONAL_FLOOD = "informational_flood"
    UNASKED_SWITCH = "unasked_switch"
    PLAIN_HTTP_TO_TLS_PORT = "plain_http_to_tls_port"


class Request(msgspec.Struct, frozen=True, gc=False):
    """One request of the plan.

    Attributes:
        path: Origin-form request target, ASCII, starting with ``/``.
        fields: Further fields; Host, User-Agent, Accept, Accept-Encoding and Connection the probe always sends.
        is_last: The plan asks nothing after it, whatever it answers; the server is told so (RFC 9112, 9.6).
        is_named: It names something that may be there: needs leave, and heeds robots.txt where the survey says so.
        most_redirects: So many hops of its redirects are followed, within what the survey allows; those of ``/`` and
            of hops are followed as the survey says.
    """

    path: str
    purpose: Purpose
    method: Method = Method.GET
    fields: tuple[tuple[str, str], ...] = ()
    is_last: bool = False
    is_named: bool = False
    most_redirects: int = 0

    @property
    def key(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """What makes two requests equal: they are sent once."""
        return (self.method, self.path, self.fields)


class TlsSummary(msgspec.Struct, frozen=True, gc=False):
    """What a handshake settled.

    Attributes:
        version: As OpenSSL names it, for example ``TLSv1.3``.
        cipher: IANA or OpenSSL name of the suite.
        alpn: Chosen protocol; empty if none.
        chain_sha256: SHA-256 of each certificate as sent, leaf first; at most 16.
        group: Group of the key exchange, for example ``x25519``; empty for plain RSA, and in older rounds.
        chain_count: Certificates that were sent; 0 in older rounds.
    """

    version: str
    cipher: str
    alpn: str
    chain_sha256: tuple[bytes, ...]
    group: str = ""
    chain_count: int = 0


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """One request and its answer. Unknown stays ``None``; it never becomes 0.

    Attributes:
        ordinal: 0 for the target's first request in this attempt, rising.
        parent: Ordinal of the exchange whose redirect led here; ``None`` otherwise.
        attempt: 1 for the first attempt at the target in the round, rising.
        asked_at_ns: UTC, nanoseconds since 1970.
        status: Status code, ``None`` if no status line was read.
        http_version: ``"1.1"``, ``"1.0"``, ``"0.9"`` or what stood there; empty if no status line was read.
        reason: Reason phrase as received.
        fields: Names and values as received, in order, outer white space removed from values.
        body: Decoded body, at most the cap; secrets masked.
        body_bytes: Length of ``body`` when it was received.
        received_bytes: All octets read for this answer, head and body, before decoding.
        is_truncated: The body is longer than what was kept.
        body_sha256: SHA-256 of ``body``, 32 bytes; set when it is stored, empty before and without a body.
        deviations: What departed from the standards, each named once.
        connect_s, tls_s, first_byte_s, total_s: Seconds; connect and tls are ``None`` on a re-used connection.
        address: The address that was connected to; empty if none was.
        sni: Server name sent in the handshake; empty over plain HTTP.
        origin: Scheme, host and port where it was asked, as ``https://www.example.org``; empty at the target's own.
        handed_on: Absolute URL of a redirect that a conversation elsewhere has to follow; empty if there is none.
        masked: Which secrets were masked, each as ``where/rule:count`` with where ``body`` or ``fields``; a mask is as
            long as what it hides.
    """

    target_id: bytes
    site_id: int
    ordinal: int
    attempt: int
    request: Request
    asked_at_ns: int
    outcome: Outcome
    parent: int | None = None
    status: int | None = None
    http_version: str = ""
    reason: bytes = b""
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    body_bytes: int = 0
    received_bytes: int = 0
    is_truncated: bool = False
    body_sha256: bytes = b""
    deviations: tuple[Deviation, ...] = ()
    connect_s: float | None = None
    tls_s: float | None = None
    first_byte_s: float | None = None
    total_s: float | None = None
    address: str = ""
    sni: str = ""
    vantage: str = ""
    tls: TlsSummary | None = None
    origin: str = ""
    handed_on: str = ""
    masked: tuple[str, ...] = ()

    @property
    def is_body_kept(self) -> bool:
        """Whether ``body`` was not erased since it was received: it has octets, or never had any."""
        return bool(self.body) or not self.body_bytes

    def field_values(self, name: bytes) -> tuple[bytes, ...]:
        """All values of the field ``name`` (lower case), in order."""
        return tuple(value for key, value in self.fields if key.lower() == name)


class Asked(Protocol):
    """An exchange, as far as its place among the others goes."""

    @property
    def parent(self) -> int | None:
        """As in ``Exchange``."""

    @property
    def origin(self) -> str:
        """As in ``Exchange``."""

    @property
    def outcome(self) -> Outcome:
        """As in ``Exchange``."""


AskedType = TypeVar("AskedType", bound=Asked)


def own_exchanges(exchanges: Sequence[AskedType]) -> Sequence[AskedType]:
    """Those exchanges of an attempt that speak for the target itself: no hops of redirects, and one origin only.

    Args:
        exchanges: Of one attempt, in order.

    Returns:
        Where the plan was asked at two origins (http after https had failed, say), those of the second if it answered.
    """
    for exchange in exchanges:
        if exchange.parent is not None or exchange.origin:
            break
    else:
        return exchanges
    own = [exchange for exchange in exchanges if exchange.parent is None]
    at_last = [exchange for exchange in own if exchange.origin == own[-1].origin]
    if at_last and isinstance(at_last[0].outcome, Answered):
        return at_last
    return [exchange for exchange in own if exchange.origin == own[0].origin]


class Certificate(msgspec.Struct, frozen=True, gc=False):
    """A certificate as sent; read closely once per round, by its hash."""

    sha256: bytes
    der: bytes


class Resolution(msgspec.Struct, frozen=True):
    """What the name system said of a target's host.

    Attributes:
        addresses: All addresses, those included that the scope closes, in the order in which they count; at most 64.
        cnames: The names that the host is an alias of, in order, without the host itself; at most 16.
        address_count: Addresses in the answer, those included that were too many to be kept.
    """

    addresses: tuple[str, ...] = ()
    cnames: tuple[str, ...] = ()
    address_count: int = 0


class Transcript(msgspec.Struct, frozen=True, gc=False):
    """All exchanges with one target in one attempt of a round.

    Attributes:
        outcome: That of the first ``/``.
        address: The address that was connected to or tried; empty if none was known.
        started_at_ns: UTC, nanoseconds since 1970.
        elapsed_s: Seconds from the first packet to the last.
        follows: Ordinal of the exchange whose redirect this conversation followed: its exchanges join those of the
            attempt, and it has no outcome of its own; ``None`` for all others.
        resolution: What the name system said; ``None`` if it was not asked, since the address was known.
    """

    target: Target
    attempt: int
    outcome: Outcome
    exchanges: tuple[Exchange, ...]
    address: str = ""
    started_at_ns: int = 0
    elapsed_s: float = 0.0
    certificates: tuple[Certificate, ...] = ()
    vantage: str = ""
    follows: int | None = None
    resolution: Resolution | None = None


class Plan(Protocol):
    """What to ask next, given what was seen so far: pure; ``survey`` hands it from ``judge`` to ``probe``."""

    def next_requests(self, target: Target, seen: Sequence[Exchange], level: Level) -> Sequence[Request]:
        """The requests to send now; empty when the target has been asked everything.

        Args:
            target: Who is asked.
            seen: This attempt's exchanges so far, in order; empty at the start.
            level: What the target's authority allows.
        """
        ...
