"""Judging what a round stored: on the round's own day, and with the certificates that its servers sent."""

import socket
from pathlib import Path

import pytest

from command_line import ebbtide
from ebbtide.survey.starting import init_survey
from hostile_servers import over_tls, read_request, serve, server_context
from tls_servers import write_certificate

pytestmark = pytest.mark.live

PAGE = b"HTTP/1.1 200 OK\r\nServer: nginx/1.23.1\r\nContent-Length: 2\r\n\r\nok"
DAYS = {"2023-01": "2023-01-01", "2026-01": "2026-01-01"}
PRODUCTS = (
    '<fingerprints matches="x509.subject"><fingerprint pattern="^CN=lab-(\\d)$"><description>x</description>'
    '<param pos="0" name="service.product" value="Lab"/><param pos="1" name="service.version"/>'
    "</fingerprint></fingerprints>"
)
CONFIGURATION = """
[[frame.source]]
path = "hosts.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8"]
[limits]
requests_per_prefix_s = 0
[checks]
packs = ["ended"]
"""


def answer_all(connection: socket.socket) -> None:
    while read_request(connection):
        connection.sendall(PAGE)


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    path = tmp_path / "survey"
    init_survey(path, "stored")
    write_certificate(tmp_path / "lab.pem", common_name="lab-7")
    (path / "survey.toml").write_text(CONFIGURATION, encoding="utf-8")
    with serve(over_tls(server_context(tmp_path / "lab.pem"), answer_all)) as port:
        line = f"lab.test,127.0.0.1,{port},https\n"
        (path / "hosts.csv").write_text("host,address,port,scheme\n" + line, encoding="utf-8")
        for label, day in DAYS.items():
            told = ebbtide("survey", "run", label, "--as-of", day, "--survey", path)
            assert told.returncode == 0, told.stderr
    for label in DAYS:
        assert ebbtide("survey", "seal", label, "--survey", path).returncode == 0
    return path


def rows(survey: Path, query: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = ebbtide("sql", query, "--survey", survey, "--json").document()
    return found


def test_each_round_is_judged_on_its_own_day(survey: Path) -> None:
    ebbtide("judge", "--all", "--survey", survey)
    query = "SELECT round, kind FROM verdicts WHERE \"check\" = 'ended-nginx' ORDER BY round"
    assert rows(survey, query) == [{"round": "2026-01", "kind": "shown"}]


def test_a_certificate_that_was_stored_tells_a_product(survey: Path) -> None:
    query = "SELECT round, version, part FROM software WHERE product = 'Lab' ORDER BY round"
    ebbtide("judge", "--all", "--survey", survey)
    assert rows(survey, query) == []
    (survey / "lab.xml").write_text(PRODUCTS, encoding="utf-8")
    (survey / "survey.toml").write_text(CONFIGURATION + 'fingerprints = ["lab.xml"]\n', encoding="utf-8")
    ebbtide("judge", "--all", "--survey", survey)
    assert rows(survey, query) == [{"round": label, "version": "7", "part": "certificate"} for label in DAYS]
