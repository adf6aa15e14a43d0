"""One client's connection to one server: HTTP/1.1, kept alive, lenient with garbage, never in the way."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple, cast

from ebbtide.lab.access_log import MOST_TEXT, AccessLine, AccessLog
from ebbtide.lab.personas import Persona

MOST_HEAD_BYTES = 16_384
MOST_REQUESTS = 1000

_END = b"\r\n\r\n"
_CLOSING = b"\r\nConnection: close"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_NOT_ALLOWED = b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Request(NamedTuple):
    """What the lab needs of a request's head."""

    method: bytes
    target: bytes
    host: bytes
    user_agent: bytes
    wants_close: bool


def parse_request(head: bytes) -> Request | None:
    """Read a request's head, without its empty line.

    Returns:
        The request, or ``None`` for what is no HTTP/1.
    """
    line, _, rest = head.partition(b"\r\n")
    parts = line.split(b" ")
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):  # noqa: PLR2004  method, target, version
        return None
    method, target, version = parts
    fields = b"\r\n" + rest + b"\r\n"
    lower = fields.lower()
    host = _field(fields, lower, b"\r\nhost:")
    if not target.startswith(b"/"):
        scheme, separator, remainder = target.partition(b"://")
        if not separator or scheme.lower() != b"http":
            return None
        host, slash, path = remainder.partition(b"/")
        target = slash + path if slash else b"/"
    connection = _field(lower, lower, b"\r\nconnection:")
    has_content = b"\r\ncontent-length:" in lower or b"\r\ntransfer-encoding:" in lower
    wants_close = connection == b"close" or has_content or (version == b"HTTP/1.0" and connection != b"keep-alive")
    return Request(method, target, host, _field(fields, lower, b"\r\nuser-agent:"), wants_close)


def _field(fields: bytes, lower: bytes, name: bytes) -> bytes:
    start = lower.find(name)
    if start < 0:
        return b""
    start += len(name)
    return fields[start : fields.find(b"\r\n", start)].strip()


class Door:
    """One server's listening address: its persona, and how often somebody came."""

    def __init__(self, persona: Persona, log: AccessLog, open_doors: set["Conversation"]) -> None:
        self.persona = persona
        self.log = log
        self.open = open_doors
        self.connections = 0

    def __call__(self) -> "Conversation":
        """Make the protocol of the next connection."""
        self.connections += 1
        drops = self.persona.drops if self.connections == 1 else ""
        return Conversation(self, self.connections, drops)

    def is_hidden_from(self, peer: Sequence[object] | None) -> bool:
        """Whether a firewall cuts the client off."""
        hidden_from = self.persona.state.hidden_from
        return bool(hidden_from and peer and peer[0] == hidden_from)


class Conversation(asyncio.Protocol):
    """Answers the requests of one connection in their order."""

    def __init__(self, door: Door, connection: int, drops: str) -> None:
        self._door = door
        self._connection = connection
        self._drops = drops
        self._requests = 0
        self._buffer = b""
        self._is_paused = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client, or hang up at once if this server drops its first connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._door.open.add(self)
        if self._door.is_hidden_from(transport.get_extra_info("peername")):
            self._transport.abort()
        elif self._drops == "accept":
            self._transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the client."""
        self._transport = None
        self._door.open.discard(self)

    def pause_writing(self) -> None:
        """Stop to read from a client that does not read."""
        self._is_paused = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on where ``pause_writing`` stopped."""
        self._is_paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self.data_received(b"")

    def hang_up(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        buffer = self._buffer + data if self._buffer else data
        while not self._is_paused:
            transport = self._transport
            if transport is None or transport.is_closing():
                self._buffer = b""
                return
            end = buffer.find(_END)
            if end < 0:
                break
            head, buffer = buffer[:end], buffer[end + 4 :]
            self._answer(transport, head)
        self._buffer = buffer
        if len(buffer) > MOST_HEAD_BYTES and not self._is_paused and self._transport is not None:
            self._refuse(self._transport, _BAD_REQUEST)

    def _answer(self, transport: asyncio.Transport, head: bytes) -> None:
        self._requests += 1
        request = parse_request(head) if len(head) <= MOST_HEAD_BYTES else None
        if request is None:
            self._note(Request(b"", head.partition(b"\r\n")[0], b"", b"", True), 400)
            self._refuse(transport, _BAD_REQUEST)
        elif self._drops == "request":
            self._note(request, 0)
            transport.close()
        elif request.method not in {b"GET", b"HEAD"}:
            self._note(request, 405)
            self._refuse(transport, _NOT_ALLOWED)
        else:
            self._reply(transport, request)

    def _reply(self, transport: asyncio.Transport, request: Request) -> None:
        host = request.host.partition(b":")[0].lower().rstrip(b".")
        page, body = self._door.persona.reply(host, request.target)
        if self._drops == "body":
            self._note(request, 0)
            transport.write(b"%b%d%b%b" % (page.head, len(body), _END, body[: len(body) // 2]))
            transport.close()
            return
        self._note(request, page.status)
        is_last = request.wants_close or self._requests >= MOST_REQUESTS
        content = b"" if request.method == b"HEAD" else body
        transport.write(b"%b%d%b%b%b" % (page.head, len(body), _CLOSING if is_last else b"", _END, content))
        if is_last:
            transport.close()

    def _refuse(self, transport: asyncio.Transport, reply: bytes) -> None:
        self._buffer = b""
        transport.write(reply)
        transport.close()

    def _note(self, request: Request, status: int) -> None:
        log = self._door.log
        if not log.is_kept:
            return
        line = AccessLine(
            time_ns=time.time_ns(),
            address=self._door.persona.machine.address,
            host=request.host[:MOST_TEXT].decode("latin-1"),
            method=request.method[:MOST_TEXT].decode("latin-1"),
            path=request.target[:MOST_TEXT].decode("latin-1"),
            user_agent=request.user_agent[:MOST_TEXT].decode("latin-1"),
            connection=self._connection,
            request=self._requests,
            status=status,
        )
        log.add(line)
