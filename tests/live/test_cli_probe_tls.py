"""``ebbtide probe`` shows what a handshake settled and what the certificate says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from command_line import ebbtide
from hostile_servers import answer, over_tls, serve, server_context
from tls_servers import write_certificate

pytestmark = pytest.mark.live

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    names = [x509.DNSName("a.test"), x509.DNSName("b.test")]
    write_certificate(tmp_path / "server.pem", names=names, days=(-20, -10))
    with serve(over_tls(server_context(tmp_path / "server.pem"), answer(OK))) as port:
        yield f"https://127.0.0.1:{port}/"


def test_the_certificate_is_shown_whole_in_json(page: str) -> None:
    (view,) = ebbtide("probe", page, "--open", "127.0.0.0/8", "--json").lines()
    (certificate,) = view["certificates"]
    assert certificate["dns_names"] == ["a.test", "b.test"]
    assert (certificate["is_expired"], certificate["covers_host"], certificate["is_self_signed"]) == (True, False, True)
    tls = view["exchanges"][0]["tls"]
    assert (tls["version"], tls["group"], tls["chain_count"]) == ("TLSv1.3", "x25519", 1)
    assert tls["chain_sha256"] == [certificate["sha256"]]


def test_the_table_has_one_line_for_the_handshake(page: str) -> None:
    told = ebbtide("probe", page, "--open", "127.0.0.0/8").stdout
    for words in ("(handshake)", "TLSv1.3", "x25519", "a.test", "1 more", "self-signed", "expired"):
        assert words in told


def test_a_plain_server_has_no_line_for_a_handshake() -> None:
    with serve(answer(OK)) as port:
        told = ebbtide("probe", f"http://127.0.0.1:{port}/", "--open", "127.0.0.0/8")
        (view,) = ebbtide("probe", f"http://127.0.0.1:{port}/", "--open", "127.0.0.0/8", "--json").lines()
    assert "(handshake)" not in told.stdout
    assert (view["certificates"], view["exchanges"][0]["tls"]) == ([], None)
