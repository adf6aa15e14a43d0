"""Schemes that fall back, over real sockets: at a port of its own a target keeps the port."""

import socket
from pathlib import Path

import msgspec
import pytest

from asking_examples import make_assignment, make_settings, probe_all
from ebbtide.model.configuration import ClocksSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Stage
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import Transcript
from hostile_servers import Handler, answer, over_tls, read_request, serve, server_context, wait_for_close
from tls_servers import write_certificate

pytestmark = pytest.mark.live

HERE = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
CLOCKS = ClocksSection(connect_s=2, handshake_s=0.3, target_s=5)


def by_first_octet(tls: Handler, plain: Handler) -> Handler:
    """A server that looks at the first octet before it decides what it is."""

    def handler(connection: socket.socket) -> None:
        first = connection.recv(1, socket.MSG_PEEK)
        (tls if first == b"\x16" else plain)(connection)

    return handler


def ask(handler: Handler, scheme: Scheme) -> Transcript:
    with serve(handler) as port:
        one = make_assignment(HERE, port, scheme, host="tide.test")
        one = msgspec.structs.replace(one, target=msgspec.structs.replace(one.target, fallback=True))
        (transcript,) = probe_all([one], settings=make_settings(clocks=CLOCKS))
    return transcript


def refuse_in_plain_words(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(BAD)


def drop(connection: socket.socket) -> None:
    read_request(connection)


@pytest.mark.parametrize(
    ("tls", "failed"),
    [
        (refuse_in_plain_words, Failed(Stage.TLS, Fault.TLS_PROTOCOL, "HTTP instead of TLS")),
        (wait_for_close, Failed(Stage.TLS, Fault.TIMED_OUT)),
    ],
    ids=["answers in plain words", "stays silent"],
)
def test_a_plain_server_is_asked_plainly_after_a_handshake_that_failed(tls: Handler, failed: Failed) -> None:
    transcript = ask(by_first_octet(tls, answer(OK)), Scheme.HTTPS)
    assert transcript.outcome == Answered()
    first, second = transcript.exchanges
    assert first.outcome == failed
    assert (second.body, second.tls, second.sni) == (b"ok", None, "")
    assert second.origin.startswith("http://tide.test:")


def test_a_server_of_tls_is_asked_over_tls_after_it_dropped_plain_words(tmp_path: Path) -> None:
    write_certificate(tmp_path / "server.pem")
    tls = over_tls(server_context(tmp_path / "server.pem"), answer(OK))
    transcript = ask(by_first_octet(tls, drop), Scheme.HTTP)
    assert transcript.outcome == Answered()
    first, second = transcript.exchanges
    assert first.outcome == Failed(Stage.RESPONSE, Fault.CLOSED_EARLY)
    assert second.tls is not None
    assert second.sni == "tide.test"
    assert [each.sha256 for each in transcript.certificates] == list(second.tls.chain_sha256)


def test_a_server_of_tls_is_never_asked_plainly_when_tls_comes_first(tmp_path: Path) -> None:
    write_certificate(tmp_path / "server.pem")
    transcript = ask(over_tls(server_context(tmp_path / "server.pem"), answer(OK)), Scheme.HTTPS)
    assert [one.origin for one in transcript.exchanges] == [""]
