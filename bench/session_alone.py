"""The TLS session by itself: one handshake, request and answer against a server in memory, without sockets or loop."""

import ssl
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.bindings.openssl.binding import Binding
from measuring import in_short
from OpenSSL import SSL

from ebbtide.probe.tls import OpenSslSession, make_client_context

HANDSHAKES = 300
ROUNDS = 5
_REQUEST = b"GET / HTTP/1.1\r\nHost: lab.test\r\n\r\n"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_US_PER_NS = 1e-3


def session_alone(certificate: Path, key: Path) -> dict[str, object]:
    """Microseconds of one client's handshake, request and answer against a server in memory; medians of rounds.

    ``openssl`` is the same by OpenSSL's functions alone, called through the binding without a line of pyOpenSSL's or
    ours between them: what no program around this OpenSSL can go below. ``default_groups`` is ours as it would be with
    OpenSSL's two key shares.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    ours, two_shares = make_client_context(), make_client_context()
    Binding.lib.SSL_CTX_set1_curves_list(_handle(two_shares), b"DEFAULT")
    kinds: dict[str, Callable[[], _Ours | _Raw]] = {
        "openssl": lambda: _Raw(ours),
        "ours": lambda: _Ours(ours),
        "default_groups": lambda: _Ours(two_shares),
    }
    readings: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, make in kinds.items():
            readings[name].append(statistics.median(_talk(server, make) for _ in range(HANDSHAKES)))
    return {name: in_short(each) for name, each in readings.items()}


def _handle(context: SSL.Context) -> object:
    return context._context  # noqa: SLF001  (what the binding wants)


class _Ours:
    """A conversation by the probe's own session, its summary included."""

    def __init__(self, context: SSL.Context) -> None:
        self._session = OpenSslSession(context, "lab.test")
        self._session.start()
        self._is_asked = self.is_answered = False

    def take(self) -> bytes:
        return self._session.outgoing()

    def give(self, octets: bytes) -> None:
        self.is_answered = bool(self._session.receive(octets))
        if self._session.is_established and not self._is_asked:
            self._is_asked = True
            self._session.summary()
            self._session.send(_REQUEST)


class _Raw:
    """The same octets by OpenSSL's functions alone."""

    def __init__(self, context: SSL.Context) -> None:
        lib, ffi = Binding.lib, Binding.ffi
        self._ssl = ffi.gc(lib.SSL_new(_handle(context)), lib.SSL_free)
        self._in, self._out = lib.BIO_new(lib.BIO_s_mem()), lib.BIO_new(lib.BIO_s_mem())
        lib.SSL_set_bio(self._ssl, self._in, self._out)
        lib.SSL_set_connect_state(self._ssl)
        lib.SSL_set_tlsext_host_name(self._ssl, b"lab.test")
        self._buffer = ffi.new("char[]", 65_536)
        self._is_asked = self.is_answered = False
        lib.SSL_do_handshake(self._ssl)

    def take(self) -> bytes:
        count = Binding.lib.BIO_read(self._out, self._buffer, 65_536)
        return bytes(Binding.ffi.buffer(self._buffer, count)) if count > 0 else b""

    def give(self, octets: bytes) -> None:
        lib = Binding.lib
        lib.BIO_write(self._in, octets, len(octets))
        if not self._is_asked:
            self._is_asked = lib.SSL_do_handshake(self._ssl) == 1
            if self._is_asked:
                lib.SSL_write(self._ssl, _REQUEST, len(_REQUEST))
        if self._is_asked:
            self.is_answered = lib.SSL_read(self._ssl, self._buffer, 65_536) > 0


def _talk(context: ssl.SSLContext, make: Callable[[], "_Ours | _Raw"]) -> float:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    spent = 0
    begun = time.perf_counter_ns()
    client = make()
    octets = client.take()
    spent += time.perf_counter_ns() - begun
    is_up = False
    while not client.is_answered:
        incoming.write(octets)
        try:
            if not is_up:
                server.do_handshake()
                is_up = True
            if server.read(65_536):
                server.write(_ANSWER)
        except ssl.SSLWantReadError:
            pass
        begun = time.perf_counter_ns()
        client.give(outgoing.read())
        octets = client.take()
        spent += time.perf_counter_ns() - begun
    return spent * _US_PER_NS
