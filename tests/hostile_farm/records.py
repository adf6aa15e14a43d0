"""What a hostile server is, and what must be recorded of it."""

from enum import Enum, auto

import msgspec

from ebbtide.model.configuration import CapsSection, ClocksSection
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import Deviation, Purpose, Request
from hostile_farm.lines import Handler, leave

CAPS = CapsSection(head_bytes=8192, body_bytes=16_384, fields=100)
"""Under these caps the table holds."""
CLOCKS = ClocksSection(connect_s=1.0, handshake_s=1.0, target_s=2.0)
ANSWERED = "answered"
HEAD = b"HTTP/1.1 200 OK\r\nServer: farm\r\n"
ROOT = Request("/", Purpose.ROOT)
AGAIN = Request("/again", Purpose.ABSENT)


class Place(Enum):
    """What becomes of calls to a server's port."""

    OPEN = auto()
    ONCE = auto()
    """Nobody listens any more after the first connection."""
    NARROW = auto()
    """As open, with the smallest receive window that the kernel gives."""
    UNACCEPTED = auto()
    """The kernel takes the calls, and nobody ever fetches them."""
    FULL = auto()
    """The queue of calls is full."""
    CLOSED = auto()


class Seen(msgspec.Struct, frozen=True):
    """What one exchange must be.

    Attributes:
        outcome: ``answered``, or stage and fault with a slash.
        body: What is kept; ``None`` where its length depends on when the clock struck.
        starts: What the body starts with.
        fields: Names that are kept among others.
    """

    outcome: str = ANSWERED
    status: int | None = None
    deviations: tuple[Deviation, ...] = ()
    body: bytes | None = b""
    starts: bytes = b""
    is_truncated: bool = False
    fields: tuple[bytes, ...] = ()


class Hostile(msgspec.Struct, frozen=True):
    """One server of the farm.

    Attributes:
        name: Short, unique; also the host name under which it is asked, in small letters.
        does: What it does, for an operator.
        seen: What each request must come to, in order.
        asks: What is asked of it.
    """

    name: str
    does: str
    handler: Handler
    seen: tuple[Seen, ...]
    asks: tuple[Request, ...] = (ROOT,)
    scheme: Scheme = Scheme.HTTP
    place: Place = Place.OPEN
    is_v6: bool = False

    @property
    def host(self) -> str:
        """Under which name it is asked."""
        return f"{self.name.replace(' ', '-').lower()}.test"


def http(name: str, does: str, handler: Handler, *seen: Seen, **more: object) -> Hostile:
    """A server that is asked by plain HTTP, once for each exchange that must be seen."""
    asks = (ROOT, AGAIN)[: len(seen)]
    return Hostile(name, does, handler, seen, **{"asks": asks, **more})  # type: ignore[arg-type]


def https(name: str, does: str, handler: Handler, seen: Seen) -> Hostile:
    """A server on a port where TLS is expected."""
    return Hostile(name, does, handler, (seen,), scheme=Scheme.HTTPS)


def unheard(name: str, does: str, place: Place, outcome: str, *, is_v6: bool = False) -> Hostile:
    """A port where no server ever gets a word in."""
    return Hostile(name, does, leave, (Seen(outcome),), place=place, is_v6=is_v6)


def cut(outcome: str = ANSWERED, *deviations: Deviation, body: bytes | None = b"", starts: bytes = b"") -> Seen:
    """An answer with status 200 of which the body is not whole."""
    return Seen(outcome, 200, deviations, body, starts, is_truncated=True)


def whole(*deviations: Deviation, body: bytes = b"hello", status: int = 200) -> Seen:
    """An answer that was read to its end."""
    return Seen(ANSWERED, status, deviations, body)
