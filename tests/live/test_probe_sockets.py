"""The real network: TLS old and new, odd servers, and nothing left behind."""

import gc
import hashlib
import socket
import ssl
import threading
from pathlib import Path

import pytest

from asking_examples import ListPlan, make_assignment, make_settings, probe_all
from ebbtide.model.configuration import ClocksSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Stage
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import Deviation, Transcript
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.sockets import SocketNetwork
from hostile_servers import (
    Handler,
    answer,
    make_certificate,
    over_tls,
    read_request,
    reset,
    send,
    serve,
    server_context,
    wait_for_close,
)

pytestmark = pytest.mark.live

HERE = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
THREE = ListPlan(["/", "/absent.ida"], ["/favicon.ico"])
OLD_VERSIONS_ARE_DEPRECATED = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")


@pytest.fixture(scope="module")
def pem_and_der(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def network() -> SocketNetwork:
    return SocketNetwork()


def keep_answering(octets: bytes, *, count: int = 10, then: Handler = wait_for_close) -> Handler:
    """Answer so many requests on a connection, then go on with ``then``."""

    def handler(connection: socket.socket) -> None:
        for _ in range(count):
            if not read_request(connection):
                return
            connection.sendall(octets)
        then(connection)

    return handler


def counted(handler: Handler) -> tuple[Handler, list[int]]:
    """``handler``, and a list that grows by one with each connection."""
    calls: list[int] = []

    def counting(connection: socket.socket) -> None:
        calls.append(1)
        handler(connection)

    return counting, calls


@pytest.mark.parametrize("scheme", list(Scheme))
def test_the_core_plan_is_answered_over_one_connection(
    scheme: Scheme, network: SocketNetwork, pem_and_der: tuple[Path, bytes]
) -> None:
    handler, calls = counted(keep_answering(OK))
    served = over_tls(server_context(pem_and_der[0]), handler) if scheme is Scheme.HTTPS else handler
    with serve(served) as port:
        (transcript,) = probe_all([make_assignment(HERE, port, scheme)], plan=THREE, network=network)
    assert [exchange.body for exchange in transcript.exchanges] == [b"ok"] * 3
    assert transcript.exchanges[0].body == b"ok"
    assert len(calls) == 1


@pytest.mark.parametrize("then", [send(b""), reset], ids=["closed", "reset"])
def test_a_connection_closed_between_answers_is_no_failure(then: Handler, network: SocketNetwork) -> None:
    handler, calls = counted(keep_answering(OK, count=1, then=then))
    with serve(handler) as port:
        (transcript,) = probe_all([make_assignment(HERE, port)], plan=THREE, network=network)
    assert [type(exchange.outcome) for exchange in transcript.exchanges] == [Answered] * 3
    assert len(calls) == 3


@OLD_VERSIONS_ARE_DEPRECATED
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"])
def test_every_version_of_tls_is_spoken_and_recorded(version: str, pem_and_der: tuple[Path, bytes]) -> None:
    pem, der = pem_and_der
    chosen = ssl.TLSVersion[version]
    with serve(over_tls(server_context(pem, lowest=chosen, highest=chosen), keep_answering(OK))) as port:
        (transcript,) = probe_all([make_assignment(HERE, port, Scheme.HTTPS, host="tide.test")])
    assert isinstance(transcript.outcome, Answered), transcript.outcome
    tls = transcript.exchanges[0].tls
    assert tls is not None
    assert tls.version == version.replace("_", ".")
    assert tls.cipher
    assert tls.alpn == "http/1.1"
    assert tls.chain_sha256 == (hashlib.sha256(der).digest(),)
    assert transcript.certificates[0].der == der
    assert transcript.exchanges[0].sni == "tide.test"
    assert transcript.exchanges[0].tls_s is not None


def test_an_address_is_no_server_name(pem_and_der: tuple[Path, bytes]) -> None:
    names: list[str | None] = []
    context = server_context(pem_and_der[0])
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with serve(over_tls(context, keep_answering(OK))) as port:
        for host in ("", "tide.test"):
            probe_all([make_assignment(HERE, port, Scheme.HTTPS, host=host)])
    assert names == [None, "tide.test"]


def test_a_body_that_ends_with_the_connection_is_read_over_tls(pem_and_der: tuple[Path, bytes]) -> None:
    body = b"to the end" * 10_000
    handler = over_tls(
        server_context(pem_and_der[0]), answer(b"HTTP/1.0 200 OK\r\n\r\n" + body, then=lambda _one: None)
    )
    with serve(handler) as port:
        (transcript,) = probe_all([make_assignment(HERE, port, Scheme.HTTPS)])
    assert isinstance(transcript.outcome, Answered), transcript.outcome
    assert transcript.exchanges[0].body == body


def test_a_tls_server_asked_in_plain_words_is_no_http(pem_and_der: tuple[Path, bytes]) -> None:
    def alert_and_close(connection: socket.socket) -> None:
        connection.recv(65536)
        send(b"\x15\x03\x01\x00\x02\x02\x16")(connection)

    with serve(alert_and_close) as port:
        (transcript,) = probe_all([make_assignment(HERE, port)])
    assert transcript.outcome == Failed(Stage.RESPONSE, Fault.PROTOCOL_ERROR, "a TLS record instead of HTTP")


@pytest.mark.parametrize(
    ("octets", "deviation"),
    [
        (b"<html>old</html>", Deviation.HTTP_09),
        (b"ICY 200 OK\r\n\r\nstream", Deviation.ICY),
        (b"HTTP/1.1 200 OK\nContent-Length: 50\n\nshort", Deviation.BARE_LF),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz", Deviation.BAD_CHUNK),
    ],
)
def test_odd_servers_are_answered_and_their_oddness_named(octets: bytes, deviation: Deviation) -> None:
    with serve(answer(octets, then=send(b""))) as port:
        (transcript,) = probe_all([make_assignment(HERE, port)])
    assert isinstance(transcript.outcome, Answered), transcript.outcome
    assert deviation in transcript.exchanges[0].deviations


def test_ipv6_is_spoken() -> None:
    with serve(answer(OK), "::1") as port:
        (transcript,) = probe_all([make_assignment("::1", port)])
    assert isinstance(transcript.outcome, Answered)
    assert transcript.address == "::1"


def test_one_connection_an_address_holds_over_real_sockets() -> None:
    lock, now_open, most_open = threading.Lock(), [0], [0]

    def counting(connection: socket.socket) -> None:
        with lock:
            now_open[0] += 1
            most_open[0] = max(most_open[0], now_open[0])
        read_request(connection)
        with lock:
            now_open[0] -= 1
        connection.sendall(OK)
        wait_for_close(connection)

    with serve(counting) as port:
        assignments = [make_assignment(HERE, port, host=f"h{number}.test") for number in range(30)]
        transcripts = probe_all(assignments)
    assert len(transcripts) == 30
    assert most_open == [1]


@pytest.mark.parametrize("fails_at", ["on_start", "on_done"])
def test_a_callback_that_raises_leaves_nothing_open(fails_at: str, network: SocketNetwork) -> None:
    calls: list[object] = []

    def fail_later(one: object) -> None:
        calls.append(one)
        if len(calls) == 3:
            raise KeyError(fails_at)

    def nothing(_one: object) -> None:
        return

    with serve(keep_answering(OK)) as port:
        assignments = [make_assignment(f"127.0.0.{number}", port, host=f"h{number}.test") for number in (1, 1, 1, 2, 1)]
        with pytest.raises(KeyError, match=fails_at):
            probe_assignments(
                assignments,
                THREE,
                make_settings(),
                on_start=fail_later if fails_at == "on_start" else nothing,
                on_done=fail_later if fails_at == "on_done" else nothing,
                network=network,
            )
    gc.collect()
    assert len(calls) == 3


def test_a_run_leaves_the_collector_as_it_was_and_can_be_repeated() -> None:
    before = (gc.get_threshold(), gc.get_freeze_count())
    clocks = ClocksSection(connect_s=0.2, handshake_s=0.2, target_s=0.3)
    with serve(wait_for_close) as port:
        for _ in range(2):
            (transcript,) = probe_all([make_assignment(HERE, port)], settings=make_settings(clocks=clocks))
            assert transcript.outcome == Failed(Stage.RESPONSE, Fault.TIMED_OUT, "the whole target")
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_a_garbled_answer_keeps_its_octets_as_evidence() -> None:
    with serve(answer(b"220 mail.test ESMTP\r\n", then=send(b""))) as port:
        transcript: Transcript
        (transcript,) = probe_all([make_assignment(HERE, port)])
    assert transcript.outcome == Failed(Stage.RESPONSE, Fault.PROTOCOL_ERROR, "FTP or SMTP instead of HTTP")
    assert transcript.exchanges[0].body == b"220 mail.test ESMTP\r\n"
