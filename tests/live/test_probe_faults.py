"""Every pair of stage and fault that can happen is reached: over real sockets wherever loopback can show it."""

import contextlib
import gzip
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from asking_examples import ListPlan, make_assignment, make_settings, probe_all
from ebbtide.model.configuration import CapsSection, ClocksSection
from ebbtide.model.outcomes import LEGAL_FAULTS, Failed, Fault, Outcome, Stage
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Plan, Purpose, Request
from ebbtide.probe.network import Peer, TlsSession
from ebbtide.probe.resolve import resolve_hosts
from ebbtide.probe.scripted import ScriptedNetwork, ScriptedServer
from hostile_servers import (
    Handler,
    after_first_octet,
    answer,
    close_for_writing,
    closed_port,
    drip,
    full_backlog,
    make_certificate,
    read_request,
    reset,
    send,
    serve,
    server_context,
    wait_for_close,
    wait_unread,
)
from name_servers import NO_SUCH_NAME, SERVER_FAILURE, Script, always, name_server, names_section, silence

pytestmark = pytest.mark.live

HERE = "127.0.0.1"
HASTY = ClocksSection(connect_s=0.3, handshake_s=0.3, target_s=0.6)
ROOT = ListPlan(["/"])
HUGE = ListPlan([Request("/", Purpose.ROOT, fields=(("X-Huge", "x" * 16_000_000),))])
HEAD = b"HTTP/1.1 200 OK\r\nServer: live\r\n"
PLAIN_ANSWER = HEAD + b"Content-Length: 0\r\n\r\n"
BROKEN_RECORD = b"\x17\x03\x03\x00\x20" + b"\xaa" * 32
ALERT_RECORD = b"\x15\x03\x03\x00\x02\x02\x28"


def ask(
    port: int,
    *,
    address: str = HERE,
    scheme: Scheme = Scheme.HTTP,
    plan: Plan = ROOT,
    clocks: ClocksSection | None = None,
    caps: CapsSection | None = None,
) -> Outcome:
    settings = make_settings(clocks=clocks or ClocksSection(), caps=caps)
    (transcript,) = probe_all([make_assignment(address, port, scheme)], plan=plan, settings=settings)
    return transcript.outcome


def ask_server(handler: Handler, **how: object) -> Outcome:
    with serve(handler) as port:
        return ask(port, **how)  # type: ignore[arg-type]  # handed on as it came


def resolve(script: Script) -> Outcome:
    with name_server(script) as server:
        (resolved,) = resolve_hosts(["absent.test"], names_section(server.at, timeout_s=0.2, tries=1))
    assert resolved.failure is not None
    return resolved.failure


def refused() -> Outcome:
    with closed_port() as port:
        return ask(port)


def silent() -> Outcome:
    with full_backlog() as port:
        return ask(port, clocks=HASTY)


def over_broken_tls(octets: bytes | None, *, needs_certificate: bool = False) -> Callable[[Path], Outcome]:
    """A server that shakes hands and then sends ``octets`` beneath its own TLS, or wants a certificate of ours."""

    def run(pem: Path) -> Outcome:
        context = server_context(pem)
        if needs_certificate:
            context.verify_mode = ssl.CERT_REQUIRED

        def handler(connection: socket.socket) -> None:
            with connection.dup() as beneath:
                with contextlib.suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secure:
                    read_request(secure)
                    if octets is not None:
                        beneath.sendall(octets)
                    wait_for_close(beneath)
                wait_for_close(beneath)

        return ask_server(handler, scheme=Scheme.HTTPS)

    return run


LIVE: dict[tuple[Stage, Fault], Callable[[Path], Outcome]] = {
    (Stage.RESOLVE, Fault.NAME_NOT_FOUND): lambda _pem: resolve(always(NO_SUCH_NAME)),
    (Stage.RESOLVE, Fault.DNS_FAILED): lambda _pem: resolve(always(SERVER_FAILURE)),
    (Stage.RESOLVE, Fault.TIMED_OUT): lambda _pem: resolve(silence),
    (Stage.CONNECT, Fault.REFUSED): lambda _pem: refused(),
    (Stage.CONNECT, Fault.TIMED_OUT): lambda _pem: silent(),
    # The broadcast address of loopback: the kernel refuses to dial it, and no packet leaves.
    (Stage.CONNECT, Fault.UNREACHABLE): lambda _pem: ask(80, address="127.255.255.255"),
    (Stage.TLS, Fault.RESET): lambda _pem: ask_server(after_first_octet(reset), scheme=Scheme.HTTPS),
    (Stage.TLS, Fault.CLOSED_EARLY): lambda _pem: ask_server(after_first_octet(send(b"")), scheme=Scheme.HTTPS),
    (Stage.TLS, Fault.TIMED_OUT): lambda _pem: ask_server(wait_for_close, scheme=Scheme.HTTPS, clocks=HASTY),
    (Stage.TLS, Fault.TLS_ALERT): lambda _pem: ask_server(after_first_octet(send(ALERT_RECORD)), scheme=Scheme.HTTPS),
    (Stage.TLS, Fault.TLS_PROTOCOL): lambda _pem: ask_server(
        after_first_octet(send(PLAIN_ANSWER)), scheme=Scheme.HTTPS
    ),
    (Stage.REQUEST, Fault.RESET): lambda _pem: ask_server(after_first_octet(reset), plan=HUGE),
    (Stage.REQUEST, Fault.CLOSED_EARLY): lambda _pem: ask_server(after_first_octet(close_for_writing), plan=HUGE),
    (Stage.REQUEST, Fault.TIMED_OUT): lambda _pem: ask_server(wait_unread, plan=HUGE, clocks=HASTY),
    (Stage.RESPONSE, Fault.RESET): lambda _pem: ask_server(answer(HEAD, then=reset)),
    (Stage.RESPONSE, Fault.CLOSED_EARLY): lambda _pem: ask_server(answer(HEAD, then=send(b""))),
    (Stage.RESPONSE, Fault.TIMED_OUT): lambda _pem: ask_server(drip(HEAD + b"\r\n"), clocks=HASTY),
    (Stage.RESPONSE, Fault.TLS_ALERT): over_broken_tls(None, needs_certificate=True),
    (Stage.RESPONSE, Fault.TLS_PROTOCOL): over_broken_tls(BROKEN_RECORD),
    (Stage.RESPONSE, Fault.BAD_ENCODING): lambda _pem: ask_server(
        answer(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain")
    ),
    (Stage.RESPONSE, Fault.PROTOCOL_ERROR): lambda _pem: ask_server(answer(b"\xff\x00junk\r\n" * 100)),
    (Stage.RESPONSE, Fault.TOO_LARGE): lambda _pem: ask_server(
        answer(HEAD + b"X: y\r\n" * 500), caps=CapsSection(head_bytes=1000)
    ),
}


class BrokenNetwork(ScriptedNetwork):
    """Has a mistake of ours at one stage."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def connect(self, address: str, port: int, peer: Peer) -> object:  # type: ignore[override]  # what is returned is handed on
        if self.stage is Stage.CONNECT:
            raise ZeroDivisionError
        return super().connect(address, port, peer)

    def tls_session(self, server_name: str) -> TlsSession:
        if self.stage is Stage.TLS:
            raise ZeroDivisionError
        return super().tls_session(server_name)


class BrokenLater:
    """A plan with a mistake after the first answer."""

    def next_requests(self, _target: Target, seen: Sequence[Exchange], _level: Level) -> Sequence[Request]:
        if seen:
            raise ZeroDivisionError
        return (Request("/", Purpose.ROOT),)


def broken_at(stage: Stage) -> Outcome:
    (transcript,) = probe_all([make_assignment(HERE, 443, Scheme.HTTPS)], network=BrokenNetwork(stage))
    return transcript.outcome


def broken_request() -> Outcome:
    """The request that the plan made cannot be encoded."""
    (transcript,) = probe_all([make_assignment(HERE)], plan=ListPlan(["/a b"]), network=ScriptedNetwork())
    return transcript.outcome


def broken_response() -> Outcome:
    (transcript,) = probe_all([make_assignment(HERE)], plan=BrokenLater(), network=ScriptedNetwork())
    return transcript.outcome


def reset_dialing() -> Outcome:
    network = ScriptedNetwork(otherwise=ScriptedServer(dialing="reset"))
    (transcript,) = probe_all([make_assignment(HERE)], network=network)
    return transcript.outcome


INJECTED: dict[tuple[Stage, Fault], Callable[[], Outcome]] = {
    (Stage.CONNECT, Fault.RESET): reset_dialing,
    (Stage.CONNECT, Fault.INTERNAL_ERROR): lambda: broken_at(Stage.CONNECT),
    (Stage.TLS, Fault.INTERNAL_ERROR): lambda: broken_at(Stage.TLS),
    (Stage.REQUEST, Fault.INTERNAL_ERROR): broken_request,
    (Stage.RESPONSE, Fault.INTERNAL_ERROR): broken_response,
}
"""A reset while dialing: Linux answers a SYN with RST only where nobody listens, and calls that refused."""

LATER = {
    (Stage.RESOLVE, Fault.INTERNAL_ERROR): "resolving has no code of ours between question and answer that could fail",
    (Stage.RESPONSE, Fault.REDIRECT_LOOP): "redirects are recorded and not followed in this release",
    (Stage.RESPONSE, Fault.REDIRECT_LIMIT): "redirects are recorded and not followed in this release",
}


def test_every_legal_pair_is_in_one_of_the_tables() -> None:
    legal = {(stage, fault) for stage, faults in LEGAL_FAULTS.items() for fault in faults}
    assert sorted([*LIVE, *INJECTED, *LATER]) == sorted(legal)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))[0]


@pytest.mark.parametrize(("stage", "fault"), sorted(LIVE), ids=str)
def test_a_fault_is_seen_over_real_sockets(stage: Stage, fault: Fault, pem: Path) -> None:
    outcome = LIVE[stage, fault](pem)
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.fault) == (stage, fault), outcome


@pytest.mark.parametrize(("stage", "fault"), sorted(INJECTED), ids=str)
def test_a_fault_that_loopback_cannot_show_is_injected(stage: Stage, fault: Fault) -> None:
    outcome = INJECTED[stage, fault]()
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.fault) == (stage, fault), outcome


def test_a_coded_answer_is_decoded() -> None:
    packed = gzip.compress(b"hello")
    octets = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    with serve(answer(octets)) as port:
        (transcript,) = probe_all([make_assignment(HERE, port)])
    assert transcript.exchanges[0].body == b"hello"
