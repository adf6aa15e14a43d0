"""What is read of an answer; records stand in a module of their own, as compiled ones cannot hold frozen ones."""

from enum import Enum, auto
from typing import Final

import msgspec

from ebbtide.model.outcomes import Fault
from ebbtide.model.transcripts import Deviation

Fields = tuple[tuple[bytes, bytes], ...]


class StatusLine(msgspec.Struct, frozen=True, gc=False):
    """The first line of a response. ``status`` is ``None`` where no number of at most three digits stands."""

    status: int | None
    http_version: str
    reason: bytes
    deviations: tuple[Deviation, ...] = ()


class Ending(Enum):
    """What tells where a body ends."""

    NONE = auto()
    LENGTH = auto()
    CHUNKS = auto()
    CLOSE = auto()


NONE: Final[Ending] = Ending.NONE
LENGTH: Final[Ending] = Ending.LENGTH
CHUNKS: Final[Ending] = Ending.CHUNKS
CLOSE: Final[Ending] = Ending.CLOSE
"""Looked up as names of the module, which costs a third."""


class Framing(msgspec.Struct, frozen=True, gc=False):
    """What the fields say of the body.

    Attributes:
        length: For ``Ending.LENGTH``.
        codings: Lower-case names of codings in the order in which they were applied.
        wants_close: The server says that it closes the connection.
        wants_keep_alive: The server says that it keeps it.
    """

    ending: Ending
    length: int = 0
    codings: tuple[bytes, ...] = ()
    wants_close: bool = False
    wants_keep_alive: bool = False
    deviations: tuple[Deviation, ...] = ()


class Response(msgspec.Struct, frozen=True, gc=False):
    """What was read of one answer.

    Attributes:
        status: ``None`` if there is no status line, or none with a number.
        http_version: As in ``Exchange.http_version``; ``ICY`` for a streaming server.
        fields: Names and values as received.
        raw_body: The body without chunks, still coded, at most the cap.
        codings: Codings of ``raw_body`` in the order in which they were applied.
        received_bytes: Octets of the answer, head and body, until its end or the cap.
        is_truncated: The body is longer than ``raw_body``.
        keeps_alive: Another request may follow on the same connection.
        fault: Why this is no response that could be used; ``None`` otherwise.
        detail: What stood there instead.
    """

    status: int | None
    http_version: str
    reason: bytes
    fields: Fields
    raw_body: bytes
    codings: tuple[bytes, ...]
    received_bytes: int
    is_truncated: bool
    deviations: tuple[Deviation, ...]
    keeps_alive: bool
    fault: Fault | None
    detail: str


NOTHING_READ: Final = Response(
    None, "", b"", (), b"", (), 0, False, (), False, None, ""
)  # a request that was not even sent
