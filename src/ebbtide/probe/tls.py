"""TLS over a memory BIO. Nothing is verified and everything is recorded: a survey wants to see old servers too."""

import hashlib

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL, crypto

from ebbtide.model.outcomes import Fault
from ebbtide.model.transcripts import Certificate, TlsSummary
from ebbtide.probe.faults import tls_failure
from ebbtide.probe.network import TlsFailure

MOST_CERTIFICATES = 16
"""Of a chain so many are kept; how many were sent is recorded. OpenSSL itself refuses more than 100 KiB of them."""
MOST_IDLE_BYTES = 262_144
"""So many octets may come in without one for the application: bounds tickets, key updates and renegotiations."""

_CIPHERS = b"ALL:!aNULL:!PSK:!SRP:@SECLEVEL=0"
"""All that can end in a handshake without a shared secret."""
_GROUPS = (
    b"*X25519:X25519MLKEM768:P-256:X448:P-384:P-521:ffdhe2048:ffdhe3072",
    b"X25519:P-256:X448:P-384:P-521",
)
"""OpenSSL's own groups, with one key share: the share of ML-KEM, which few servers want, costs more than all else that
we say first. A server that wants it asks for it (HelloRetryRequest). The second list is for OpenSSL before 3.5."""
_LEGACY_SERVERS = 0x4
"""``SSL_OP_LEGACY_SERVER_CONNECT``: servers without RFC 5746 are admitted."""
_READ_BYTES = 65_536
_FIRST_BYTES = 64


def make_client_context() -> SSL.Context:
    """A context that speaks TLS 1.0 to 1.3 at security level 0 and verifies nothing."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(_CIPHERS)
    context.set_options(_LEGACY_SERVERS)
    context.set_alpn_protos([b"http/1.1"])
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    _offer_groups(context)
    return context


def _offer_groups(context: SSL.Context) -> None:
    """What pyOpenSSL has no method for; its binding has."""
    bound = context._context  # noqa: SLF001  (the handle that the binding wants)
    if not any(Binding.lib.SSL_CTX_set1_curves_list(bound, groups) == 1 for groups in _GROUPS):
        raise RuntimeError("this OpenSSL knows none of the usual groups")


class OpenSslSession:
    """A client's ``TlsSession`` by pyOpenSSL.

    Args:
        context: From ``make_client_context``; shared by all sessions of a run.
        server_name: For the handshake; empty for none.
    """

    __slots__ = ("_connection", "_first", "_idle_bytes", "failure", "is_closed", "is_established")

    def __init__(self, context: SSL.Context, server_name: str) -> None:
        self.is_established = False
        self.is_closed = False
        self.failure: TlsFailure | None = None
        self._first = b""
        self._idle_bytes = 0
        self._connection = SSL.Connection(context, None)
        self._connection.set_connect_state()
        if server_name:
            self._connection.set_tlsext_host_name(server_name.encode("ascii"))

    def start(self) -> None:
        """Begin the handshake."""
        self._handshake()

    def receive(self, octets: bytes) -> bytes:
        """Take in octets from the network; return what they hold for the application."""
        parts: list[bytes] = []
        if self.failure is not None:
            return b""
        if len(self._first) < _FIRST_BYTES:
            self._first += octets[: _FIRST_BYTES - len(self._first)]
        self._connection.bio_write(octets)
        if not self.is_established:
            self._handshake()
        if self.is_established:
            self._read(parts)
        self._count(octets, parts)
        return b"".join(parts)

    def send(self, octets: bytes) -> None:
        """Encrypt octets of the application."""
        try:
            self._connection.sendall(octets)
        except SSL.Error as error:
            self._fail(error)

    def outgoing(self) -> bytes:
        """Take what is to be written to the network."""
        parts: list[bytes] = []
        try:
            while True:
                parts.append(self._connection.bio_read(_READ_BYTES))
                if len(parts[-1]) < _READ_BYTES:
                    break
        except SSL.WantReadError:
            pass
        return b"".join(parts)

    def close(self) -> None:
        """Say that we will send nothing more."""
        if self.is_established and self.failure is None:
            try:
                self._connection.shutdown()
            except SSL.Error as error:
                self._fail(error)

    def summary(self) -> tuple[TlsSummary, tuple[Certificate, ...]]:
        """What the handshake settled, and the chain as sent."""
        connection = self._connection
        chain = connection.get_peer_cert_chain() or []
        certificates = tuple(_certificate(one) for one in chain[:MOST_CERTIFICATES])
        summary = TlsSummary(
            version=connection.get_protocol_version_name(),
            cipher=connection.get_cipher_name() or "",
            alpn=connection.get_alpn_proto_negotiated().decode("latin-1"),
            chain_sha256=tuple(certificate.sha256 for certificate in certificates),
            group=connection.get_group_name() or "",
            chain_count=len(chain),
        )
        return summary, certificates

    def _handshake(self) -> None:
        try:
            self._connection.do_handshake()
            self.is_established = True
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            self._fail(error)

    def _read(self, parts: list[bytes]) -> None:
        try:
            while True:
                parts.append(self._connection.recv(_READ_BYTES))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.is_closed = True
        except SSL.Error as error:
            self._fail(error)

    def _count(self, octets: bytes, parts: list[bytes]) -> None:
        self._idle_bytes = 0 if parts else self._idle_bytes + len(octets)
        if self._idle_bytes > MOST_IDLE_BYTES and self.failure is None:
            self.failure = TlsFailure(Fault.TLS_PROTOCOL, f"more than {MOST_IDLE_BYTES} octets of TLS without content")

    def _fail(self, error: SSL.Error) -> None:
        reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
        self.failure = tls_failure(reasons, self._first)


def _certificate(sent: crypto.X509) -> Certificate:
    der = crypto.dump_certificate(crypto.FILETYPE_ASN1, sent)
    return Certificate(hashlib.sha256(der).digest(), der)
