"""TLS over real sockets: weak, old, odd and hostile servers; each ends in its outcome with what was seen recorded."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from asking_examples import ListPlan, make_assignment, make_settings, probe_all
from ebbtide.certificates.fitness import covers, is_expired
from ebbtide.certificates.reading import read_certificate
from ebbtide.model.configuration import ClocksSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Stage
from ebbtide.model.rows import CertificateSummaryRow
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import Deviation, Transcript
from ebbtide.probe.tls import MOST_CERTIFICATES, MOST_IDLE_BYTES
from hostile_servers import (
    Handler,
    after_first_octet,
    answer,
    over_tls,
    read_request,
    reset,
    send,
    serve,
    server_context,
    wait_for_close,
)
from tls_servers import alert, half_a_flight, key_updates, write_certificate, write_sha1_certificate

pytestmark = pytest.mark.live

HERE = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
OLD = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")


def ask(handler: Handler, scheme: Scheme = Scheme.HTTPS, *, host: str = "tide.test") -> Transcript:
    with serve(handler) as port:
        (transcript,) = probe_all([make_assignment(HERE, port, scheme, host=host)])
    return transcript


def ask_tls(context: ssl.SSLContext, *, host: str = "tide.test") -> Transcript:
    return ask(over_tls(context, answer(OK)), host=host)


def leaf(transcript: Transcript) -> CertificateSummaryRow:
    return read_certificate(transcript.certificates[0].der)


def test_a_key_of_1024_bits_and_a_plain_rsa_exchange_are_admitted(tmp_path: Path) -> None:
    pem = tmp_path / "weak.pem"
    write_certificate(pem, key=rsa.generate_private_key(65537, 1024))  # noqa: S505  # as weak as met
    context = server_context(pem, highest=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("AES128-SHA:@SECLEVEL=0")
    transcript = ask_tls(context)
    assert isinstance(transcript.outcome, Answered), transcript.outcome
    tls = transcript.exchanges[0].tls
    assert tls is not None
    assert (tls.cipher, tls.group, tls.chain_count) == ("AES128-SHA", "", 1)
    assert (leaf(transcript).key_type, leaf(transcript).key_bits) == ("rsa", 1024)


def test_a_certificate_signed_with_sha_1_is_admitted(tmp_path: Path) -> None:
    write_sha1_certificate(tmp_path / "sha1.pem")
    transcript = ask_tls(server_context(tmp_path / "sha1.pem"))
    assert isinstance(transcript.outcome, Answered), transcript.outcome
    assert leaf(transcript).signature_algorithm == "sha1WithRSAEncryption"
    assert leaf(transcript).is_self_signed


@OLD
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_a_server_of_one_old_version_only_is_admitted_and_its_group_recorded(
    version: ssl.TLSVersion, tmp_path: Path
) -> None:
    write_certificate(tmp_path / "old.pem")
    transcript = ask_tls(server_context(tmp_path / "old.pem", lowest=version, highest=version))
    assert isinstance(transcript.outcome, Answered), transcript.outcome
    tls = transcript.exchanges[0].tls
    assert tls is not None
    assert (tls.version, tls.group) == (version.name.replace("_", "."), "x25519")


@pytest.mark.parametrize(("wanted", "group"), [("prime256v1", "secp256r1"), ("secp521r1", "secp521r1")])
def test_a_server_that_wants_another_group_asks_for_it(wanted: str, group: str, tmp_path: Path) -> None:
    write_certificate(tmp_path / "group.pem")
    context = server_context(tmp_path / "group.pem")
    context.set_ecdh_curve(wanted)
    transcript = ask_tls(context)
    assert isinstance(transcript.outcome, Answered), transcript.outcome
    tls = transcript.exchanges[0].tls
    assert tls is not None
    assert (tls.version, tls.group) == ("TLSv1.3", group)


def test_an_expired_certificate_for_another_name_is_recorded_and_no_reason_to_stop(tmp_path: Path) -> None:
    write_certificate(tmp_path / "late.pem", names=[x509.DNSName("*.other.test")], days=(-20, -10))
    transcript = ask_tls(server_context(tmp_path / "late.pem"))
    assert isinstance(transcript.outcome, Answered), transcript.outcome
    certificate = leaf(transcript)
    assert is_expired(certificate, transcript.exchanges[0].asked_at_ns)
    assert not covers(certificate, "tide.test")
    assert covers(certificate, "www.other.test")


def test_the_certificate_of_the_name_that_was_asked_for_is_recorded(tmp_path: Path) -> None:
    contexts = {}
    for name in ("one.test", "two.test"):
        write_certificate(tmp_path / name, common_name=name)
        contexts[name] = server_context(tmp_path / name)

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = contexts[name or "one.test"]

    front = server_context(tmp_path / "one.test")
    front.sni_callback = choose
    assert {name: leaf(ask_tls(front, host=name)).common_name for name in contexts} == {
        "one.test": "one.test",
        "two.test": "two.test",
    }
    assert leaf(ask_tls(front, host=HERE)).common_name == "one.test"


def test_a_long_chain_is_counted_and_its_first_certificates_are_kept(tmp_path: Path) -> None:
    write_certificate(tmp_path / "chain.pem", copies=40)
    transcript = ask_tls(server_context(tmp_path / "chain.pem"))
    assert isinstance(transcript.outcome, Answered), transcript.outcome
    tls = transcript.exchanges[0].tls
    assert tls is not None
    assert (tls.chain_count, len(tls.chain_sha256)) == (40, MOST_CERTIFICATES)
    assert len(transcript.certificates) == 1, "a certificate sent twice is kept once"


def test_an_enormous_chain_is_not_read_to_its_end(tmp_path: Path) -> None:
    write_certificate(tmp_path / "chain.pem", copies=500)
    transcript = ask_tls(server_context(tmp_path / "chain.pem"))
    assert transcript.outcome == Failed(Stage.TLS, Fault.TLS_PROTOCOL, "excessive message size")


def test_no_shared_cipher_is_told_by_the_servers_alert(tmp_path: Path) -> None:
    write_certificate(tmp_path / "ec.pem", key=ec.generate_private_key(ec.SECP256R1()))
    context = server_context(tmp_path / "ec.pem", highest=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    assert ask_tls(context).outcome == Failed(Stage.TLS, Fault.TLS_ALERT, "handshake_failure")


@pytest.mark.parametrize(
    ("highest", "failed"),
    [
        (ssl.TLSVersion.TLSv1_2, Failed(Stage.TLS, Fault.TLS_ALERT, "handshake_failure")),
        (ssl.TLSVersion.TLSv1_3, Failed(Stage.RESPONSE, Fault.TLS_ALERT, "certificate_required")),
    ],
)
def test_a_server_that_demands_a_certificate_of_ours_says_so(
    highest: ssl.TLSVersion, failed: Failed, tmp_path: Path
) -> None:
    write_certificate(tmp_path / "server.pem")
    context = server_context(tmp_path / "server.pem", highest=highest)
    context.verify_mode = ssl.CERT_REQUIRED

    def handler(connection: socket.socket) -> None:
        with connection.dup() as beneath:
            over_tls(context, answer(OK))(connection)
            wait_for_close(beneath)

    transcript = ask(handler)
    assert transcript.outcome == failed
    assert bool(transcript.certificates) is (failed.stage is Stage.RESPONSE)


@pytest.mark.parametrize(
    ("octets", "fault", "detail"),
    [
        (alert(40), Fault.TLS_ALERT, "handshake_failure"),
        (alert(70), Fault.TLS_ALERT, "protocol_version"),
        (alert(112), Fault.TLS_ALERT, "unrecognized_name"),
        (alert(90), Fault.TLS_ALERT, "user_canceled"),
        (alert(123), Fault.TLS_ALERT, "alert 123"),
        (b"HTTP/1.1 400 Bad Request\r\nServer: old\r\n\r\n", Fault.TLS_PROTOCOL, "HTTP instead of TLS"),
        (b"<html>Bad request</html>", Fault.TLS_PROTOCOL, "HTTP instead of TLS"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", Fault.TLS_PROTOCOL, "SSH instead of TLS"),
        (b"220 mail.test ESMTP\r\n", Fault.TLS_PROTOCOL, "FTP or SMTP instead of TLS"),
        (b"\xaa" * 300, Fault.TLS_PROTOCOL, "wrong version number"),
    ],
)
def test_what_comes_instead_of_a_handshake_is_told(octets: bytes, fault: Fault, detail: str) -> None:
    transcript = ask(after_first_octet(send(octets)))
    assert transcript.outcome == Failed(Stage.TLS, fault, detail)
    assert transcript.exchanges[0].sni == "tide.test"


@pytest.mark.parametrize(("then", "fault"), [(send(b""), Fault.CLOSED_EARLY), (reset, Fault.RESET)])
def test_a_connection_that_ends_in_mid_handshake_failed_there(then: Handler, fault: Fault, tmp_path: Path) -> None:
    write_certificate(tmp_path / "server.pem")
    outcome = ask(half_a_flight(server_context(tmp_path / "server.pem"), then)).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.fault) == (Stage.TLS, fault)


def test_a_handshake_that_stops_ends_by_its_clock(tmp_path: Path) -> None:
    write_certificate(tmp_path / "server.pem")
    clocks = ClocksSection(connect_s=2, handshake_s=0.3, target_s=5)
    with serve(half_a_flight(server_context(tmp_path / "server.pem"), wait_for_close)) as port:
        assignments = [make_assignment(HERE, port, Scheme.HTTPS)]
        (transcript,) = probe_all(assignments, settings=make_settings(clocks=clocks))
    assert transcript.outcome == Failed(Stage.TLS, Fault.TIMED_OUT)


def flood(make: Callable[[Path], bytes], context: ssl.SSLContext, keylog: Path) -> Transcript:
    """Shake hands, then send beneath the server's own TLS."""
    context.keylog_filename = str(keylog)

    def handler(connection: socket.socket) -> None:
        with connection.dup() as beneath, context.wrap_socket(connection, server_side=True) as secure:
            read_request(secure)
            beneath.sendall(make(keylog))
            wait_for_close(beneath)

    return ask(handler)


def test_key_updates_without_end_are_cut_short_and_a_few_are_followed(tmp_path: Path) -> None:
    write_certificate(tmp_path / "server.pem")
    context = server_context(tmp_path / "server.pem")
    context.num_tickets = 0
    ended = flood(lambda keylog: key_updates(keylog, 11_000), context, tmp_path / "keys").outcome
    assert ended == Failed(
        Stage.RESPONSE, Fault.TLS_PROTOCOL, f"more than {MOST_IDLE_BYTES} octets of TLS without content"
    )


def test_tickets_without_end_are_cut_short(tmp_path: Path) -> None:
    write_certificate(tmp_path / "server.pem")
    context = server_context(tmp_path / "server.pem")
    context.num_tickets = 3000
    outcome = ask_tls(context).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.fault) == (Stage.RESPONSE, Fault.TLS_PROTOCOL)
    assert "without content" in outcome.detail


@pytest.mark.parametrize(
    "body",
    [
        b"<center>The plain HTTP request was sent to HTTPS port</center>",
        b"Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"Bad Request\nThis combination of host and port requires TLS.\n",
    ],
)
def test_a_server_that_wants_tls_says_so_in_its_own_words(body: bytes) -> None:
    octets = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    transcript = ask(answer(octets), Scheme.HTTP)
    assert isinstance(transcript.outcome, Answered)
    assert transcript.exchanges[0].deviations == (Deviation.PLAIN_HTTP_TO_TLS_PORT,)


def test_the_same_words_in_a_page_that_is_no_refusal_mean_nothing() -> None:
    body = b"What does 'The plain HTTP request was sent to HTTPS port' mean?"
    octets = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert ask(answer(octets), Scheme.HTTP).exchanges[0].deviations == ()


def test_a_tls_alert_instead_of_an_answer_is_named() -> None:
    transcript = ask(after_first_octet(send(alert(22))), Scheme.HTTP)
    assert transcript.outcome == Failed(Stage.RESPONSE, Fault.PROTOCOL_ERROR, "a TLS record instead of HTTP")
    assert transcript.exchanges[0].deviations == (Deviation.PLAIN_HTTP_TO_TLS_PORT,)


def test_one_odd_server_among_many_stops_nobody_else(tmp_path: Path) -> None:
    write_certificate(tmp_path / "server.pem")
    good = over_tls(server_context(tmp_path / "server.pem"), answer(OK))
    with serve(good, "0.0.0.0") as port, serve(after_first_octet(send(b"\xaa" * 300)), "0.0.0.0") as odd:
        assignments = [
            make_assignment(f"127.0.0.{number}", odd if number == 2 else port, Scheme.HTTPS) for number in range(1, 5)
        ]
        transcripts = probe_all(assignments, plan=ListPlan(["/"]))
    answered = {each.address for each in transcripts if isinstance(each.outcome, Answered)}
    assert answered == {"127.0.0.1", "127.0.0.3", "127.0.0.4"}
