"""The TLS session in memory: octets in, octets out."""

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from OpenSSL import SSL

from ebbtide.model.outcomes import Fault
from ebbtide.probe.faults import tls_failure
from ebbtide.probe.network import TlsFailure
from ebbtide.probe.tls import MOST_IDLE_BYTES, OpenSslSession, make_client_context
from tls_servers import alert, first_flight, server_hello_without_renegotiation_info, write_certificate

CONTEXT = make_client_context()


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    write_certificate(path)
    return path


def begun() -> OpenSslSession:
    session = OpenSslSession(CONTEXT, "tide.test")
    session.start()
    return session


def server_of(pem: Path) -> SSL.Connection:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.use_certificate_file(str(pem))
    context.use_privatekey_file(str(pem))
    server = SSL.Connection(context, None)
    server.set_accept_state()
    return server


def pump(session: OpenSslSession, server: SSL.Connection) -> bytes:
    """Carry octets to and fro until both are silent; returns what the client reads."""
    read = b""
    while True:
        octets = session.outgoing()
        if octets:
            server.bio_write(octets)
        with contextlib.suppress(SSL.WantReadError):
            server.do_handshake()
            server.recv(1)
        answer = b""
        with contextlib.suppress(SSL.WantReadError):
            answer = server.bio_read(1 << 20)
        if not (octets or answer):
            return read
        read += session.receive(answer) if answer else b""


def test_the_first_message_offers_one_key_share_and_every_usual_group() -> None:
    hello = begun().outgoing()
    assert len(hello) < 600, "a share of ML-KEM alone is 1216 octets"
    for group in (0x001D, 0x11EC, 0x0017, 0x0018, 0x0019):
        assert group.to_bytes(2, "big") in hello


def test_a_server_from_before_rfc_5746_is_admitted() -> None:
    session = begun()
    session.receive(server_hello_without_renegotiation_info())
    assert session.failure is None
    strict = SSL.Context(SSL.TLS_CLIENT_METHOD)
    strict.set_cipher_list(b"ALL:@SECLEVEL=0")
    other = OpenSslSession(strict, "tide.test")
    other.start()
    other.receive(server_hello_without_renegotiation_info())
    assert other.failure == TlsFailure(Fault.TLS_PROTOCOL, "unsafe legacy renegotiation disabled")


def test_a_server_that_renegotiates_is_followed_and_one_that_does_it_without_end_is_not(pem: Path) -> None:
    session, server = begun(), server_of(pem)
    pump(session, server)
    assert session.is_established
    renegotiations = 0
    for count in range(1, 5000):
        server.renegotiate()
        pump(session, server)
        if session.failure is not None:
            break
        renegotiations = server.total_renegotiations()
        if count == 3:
            server.send(b"patience")
            assert pump(session, server) == b"patience"
    assert session.failure == TlsFailure(
        Fault.TLS_PROTOCOL, f"more than {MOST_IDLE_BYTES} octets of TLS without content"
    )
    assert 3 < renegotiations < 2000
    assert session.receive(b"more") == b""


def pieces(octets: bytes, size: int) -> Iterator[bytes]:
    return (octets[start : start + size] for start in range(0, len(octets), size))


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_handshake_is_the_same_however_its_octets_arrive(size: int, pem: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    session = begun()
    for piece in pieces(first_flight(context, session.outgoing()), size):
        session.receive(piece)
    assert session.is_established
    summary, certificates = session.summary()
    assert (summary.version, summary.group, summary.chain_count, len(certificates)) == ("TLSv1.3", "x25519", 1, 1)


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("sslv3 alert handshake failure", "handshake_failure"),
        ("ssl/tls alert handshake failure", "handshake_failure"),
        ("tls alert handshake failure", "handshake_failure"),
        ("tlsv1 alert protocol version", "protocol_version"),
        ("tlsv1 unrecognized name", "unrecognized_name"),
        ("tlsv13 alert certificate required", "certificate_required"),
    ],
)
def test_an_alert_has_its_name_in_the_words_of_every_openssl(reason: str, name: str) -> None:
    assert tls_failure([("SSL routines", "", reason)]) == TlsFailure(Fault.TLS_ALERT, name)


@pytest.mark.parametrize(
    "reason", ["unsupported protocol", "wrong version number", "tlsv1 something else", "bad alert"]
)
def test_what_is_no_alert_keeps_the_words_of_openssl(reason: str) -> None:
    assert tls_failure([("SSL routines", "", reason)]) == TlsFailure(Fault.TLS_PROTOCOL, reason)


def test_every_alert_that_openssl_knows_is_told_as_an_alert() -> None:
    for number in range(256):
        session = begun()
        session.receive(alert(number))
        assert session.failure is not None
        assert session.failure.fault is Fault.TLS_ALERT, number
        assert session.failure.detail.replace("_", "").isalpha() or session.failure.detail == f"alert {number}"


def test_the_words_of_a_warning_stop_nothing() -> None:
    session = begun()
    session.receive(alert(112, is_fatal=False))
    assert session.failure is None
