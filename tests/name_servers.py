"""A name server on loopback that follows a script, over UDP and TCP on one port; one thread."""

import contextlib
import select
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from ebbtide.model.configuration import NamesSection

A, CNAME, AAAA = 1, 5, 28
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NO_SUCH_NAME, REFUSED = 0, 1, 2, 3, 5
_IN = 1
_TTL_S = 60


class Query(msgspec.Struct, frozen=True):
    """One question that came in.

    Attributes:
        number: How often this name and type was asked before.
        octets: The whole message.
    """

    name: str
    kind: int
    number: int
    is_over_tcp: bool
    octets: bytes


Script = Callable[[Query], Iterable[bytes]]


class ScriptedNameServer:
    """What a script did.

    Attributes:
        at: Address and port.
        asked: All questions, in order.
    """

    def __init__(self, at: str) -> None:
        self.at = at
        self.asked: list[Query] = []

    def names_asked(self, kind: int = A) -> list[str]:
        """The names of the questions of one type."""
        return [query.name for query in self.asked if query.kind == kind]


def encode_name(name: str) -> bytes:
    """A name on the wire, without compression."""
    labels = [label.encode("latin-1") for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(name: str, kind: int, data: bytes) -> bytes:
    """A record on the wire."""
    return encode_name(name) + struct.pack(">HHIH", kind, _IN, _TTL_S, len(data)) + data


def address_record(name: str, address: str) -> bytes:
    """An A or AAAA record."""
    family, kind = (socket.AF_INET6, AAAA) if ":" in address else (socket.AF_INET, A)
    return record(name, kind, socket.inet_pton(family, address))


def alias(name: str, other: str) -> bytes:
    """A CNAME record."""
    return record(name, CNAME, encode_name(other))


def reply(query: Query, *records: bytes, code: int = NO_ERROR, is_truncated: bool = False, id_shift: int = 0) -> bytes:
    """An answer to a query."""
    number = (int.from_bytes(query.octets[:2], "big") + id_shift) % 65_536
    flags = 0x8180 | code | (0x0200 if is_truncated else 0)
    question = encode_name(query.name) + struct.pack(">HH", query.kind, _IN)
    return struct.pack(">HHHHHH", number, flags, 1, len(records), 0, 0) + question + b"".join(records)


def zone(addresses: Mapping[str, Iterable[str]]) -> Script:
    """Answers with these addresses, and that there is no other name."""

    def script(query: Query) -> Iterable[bytes]:
        if query.name not in addresses:
            return [reply(query, code=NO_SUCH_NAME)]
        fitting = [each for each in addresses[query.name] if (":" in each) == (query.kind == AAAA)]
        return [reply(query, *(address_record(query.name, each) for each in fitting))]

    return script


def always(code: int) -> Script:
    """One response code for everything."""
    return lambda query: [reply(query, code=code)]


def silence(_query: Query) -> Iterable[bytes]:
    """Nothing."""
    return ()


def names_section(
    first: str | tuple[str, ...],
    second: str = "",
    *,
    timeout_s: float = 0.3,
    tries: int = 2,
    families: str = "ipv4_first",
) -> NamesSection:
    """Settings that ask nobody but scripted servers: without a second one the first is named again."""
    servers = (first,) if isinstance(first, str) else first
    plain = {"nameservers": servers, "second_nameservers": (second,) if second else servers}
    others = {"timeout_s": timeout_s, "tries": tries, "families": families, "questions_per_s": 0}
    return msgspec.convert({**plain, **others}, NamesSection)


@contextlib.contextmanager
def name_server(script: Script, address: str = "127.0.0.1") -> Iterator[ScriptedNameServer]:
    """Run a scripted name server."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams, socket.socket(family) as listener:
        listener.bind((address, 0))
        port = listener.getsockname()[1]
        datagrams.bind((address, port))
        listener.listen(20)
        server = ScriptedNameServer(f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
        is_over = threading.Event()
        thread = threading.Thread(target=_serve, args=(script, server, datagrams, listener, is_over))
        thread.start()
        try:
            yield server
        finally:
            is_over.set()
            thread.join()


def _serve(
    script: Script,
    server: ScriptedNameServer,
    datagrams: socket.socket,
    listener: socket.socket,
    is_over: threading.Event,
) -> None:
    seen: Counter[tuple[str, int]] = Counter()
    while not is_over.is_set():
        for ready in select.select([datagrams, listener], [], [], 0.02)[0]:
            with contextlib.suppress(OSError):
                if ready is datagrams:
                    octets, sender = datagrams.recvfrom(4096)
                    for answer in _answers(script, server, seen, octets, is_over_tcp=False):
                        datagrams.sendto(answer, sender)
                else:
                    _serve_connection(script, server, seen, listener.accept()[0])


def _serve_connection(
    script: Script, server: ScriptedNameServer, seen: Counter[tuple[str, int]], connection: socket.socket
) -> None:
    with connection:
        connection.settimeout(0.5)
        head = connection.recv(2, socket.MSG_WAITALL)
        octets = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
        for answer in _answers(script, server, seen, octets, is_over_tcp=True):
            connection.sendall(len(answer).to_bytes(2, "big") + answer)
        connection.recv(1)


def _answers(
    script: Script, server: ScriptedNameServer, seen: Counter[tuple[str, int]], octets: bytes, *, is_over_tcp: bool
) -> Iterable[bytes]:
    name, kind = _question(octets)
    query = Query(name, kind, seen[name, kind], is_over_tcp, octets)
    seen[name, kind] += 1
    server.asked.append(query)
    return script(query)


def _question(octets: bytes) -> tuple[str, int]:
    labels: list[str] = []
    at = 12
    while octets[at]:
        labels.append(octets[at + 1 : at + 1 + octets[at]].decode("latin-1"))
        at += 1 + octets[at]
    return ".".join(labels), int.from_bytes(octets[at + 1 : at + 3], "big")
