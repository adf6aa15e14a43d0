"""``ebbtide site --test``: a site of a survey asked again just now, over real sockets; the series stays as it is."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from command_line import ebbtide

pytestmark = pytest.mark.live

OPEN = b"<html><title>Shop</title><?php echo $price; ?></html>"
MENDED = b"<html><title>Shop</title>12 pounds</html>"


class Shop(BaseHTTPRequestHandler):
    page = OPEN
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200 if self.path == "/" else 404)
        body = type(self).page if self.path == "/" else b"no such page"
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Nothing."""


@pytest.fixture
def shop() -> Iterator[ThreadingHTTPServer]:
    Shop.page = OPEN
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def survey(shop: ThreadingHTTPServer, tmp_path: Path) -> Path:
    folder = tmp_path / "survey"
    assert ebbtide("survey", "init", folder).returncode == 0
    (folder / "targets.csv").write_text(f"host,address,port\nwww.shop.example,127.0.0.1,{shop.server_port}\n")
    (folder / "survey.toml").write_text(
        "[frame]\nsource = [{path = 'targets.csv', format = 'csv'}]\n[scope]\nopen = ['127.0.0.0/8']\n"
        "[checks]\npacks = ['today']\n[attempts]\nsilent_after = 1\nmost = 1\n"
    )
    for words in (("run", "2026-11"), ("seal", "2026-11")):
        told = ebbtide("survey", *words, "--survey", folder)
        assert told.returncode == 0, told.stderr
    assert ebbtide("judge", "2026-11", "--survey", folder).returncode == 0
    return folder


def test_what_was_mended_since_the_round_is_told_and_enters_no_series(survey: Path) -> None:
    words = ("site", "www.shop.example", "--survey", survey, "--json")
    before = ebbtide(*words).document()
    (finding,) = [each for each in before["open"] if each["check"] == "source-php"]
    assert finding["evidence"][0]["url"].startswith("http://www.shop.example:")
    files = sorted(each for each in (survey / "rounds").rglob("*") if each.is_file())
    Shop.page = MENDED
    asked = Shop.asked
    told = ebbtide(*words, "--test").document()
    assert 3 <= Shop.asked - asked <= 10
    assert told["tested_now"]["source-php"] == "not shown"
    assert "Not shown any more: " in told["now"]
    assert told["open"] == before["open"]
    assert sorted(each for each in (survey / "rounds").rglob("*") if each.is_file()) == files


def test_a_site_that_is_gone_is_said_to_be_so(survey: Path, shop: ThreadingHTTPServer) -> None:
    shop.shutdown()
    shop.server_close()
    told = ebbtide("site", "www.shop.example", "--survey", survey, "--test", "--json").document()
    assert told["now"] == "The site does not answer."


def test_the_rules_hold_for_a_test_too(survey: Path) -> None:
    config = survey / "survey.toml"
    config.write_text(config.read_text().replace("open = ['127.0.0.0/8']", "open = []"))
    asked = Shop.asked
    told = ebbtide("site", "www.shop.example", "--survey", survey, "--test")
    assert (told.returncode, told.stdout) == (2, "")
    assert f"{config}: scope: the scope forbids" in told.stderr
    assert Shop.asked == asked
