"""TLS over a memory BIO. Nothing is verified and everything is recorded: a survey wants to see old servers too."""

import hashlib

from OpenSSL import SSL, crypto

from ebbtide.model.transcripts import Certificate, TlsSummary
from ebbtide.probe.faults import tls_failure
from ebbtide.probe.network import TlsFailure

_CIPHERS = b"ALL:!aNULL:@SECLEVEL=0"
_LEGACY_SERVERS = 0x4
"""``SSL_OP_LEGACY_SERVER_CONNECT``: servers without RFC 5746 are admitted."""
_READ_BYTES = 65_536


def make_client_context() -> SSL.Context:
    """A context that speaks TLS 1.0 to 1.3 at security level 0 and verifies nothing."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(_CIPHERS)
    context.set_options(_LEGACY_SERVERS)
    context.set_alpn_protos([b"http/1.1"])
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return context


class OpenSslSession:
    """A client's ``TlsSession`` by pyOpenSSL.

    Args:
        context: From ``make_client_context``; shared by all sessions of a run.
        server_name: For the handshake; empty for none.
    """

    __slots__ = ("_connection", "failure", "is_closed", "is_established")

    def __init__(self, context: SSL.Context, server_name: str) -> None:
        self.is_established = False
        self.is_closed = False
        self.failure: TlsFailure | None = None
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
        view = memoryview(octets)
        while view and self.failure is None:
            view = view[self._connection.bio_write(view.tobytes()) :]
            if not self.is_established:
                self._handshake()
            if self.is_established:
                self._read(parts)
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
        except SSL.WantReadError:
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
        certificates = tuple(_certificate(crypto.dump_certificate(crypto.FILETYPE_ASN1, one)) for one in chain)
        summary = TlsSummary(
            version=connection.get_protocol_version_name(),
            cipher=connection.get_cipher_name() or "",
            alpn=connection.get_alpn_proto_negotiated().decode("latin-1"),
            chain_sha256=tuple(certificate.sha256 for certificate in certificates),
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

    def _fail(self, error: SSL.Error) -> None:
        reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
        self.failure = tls_failure(reasons)


def _certificate(der: bytes) -> Certificate:
    return Certificate(hashlib.sha256(der).digest(), der)
