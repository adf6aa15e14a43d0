"""The doors through which the checks look outside, against servers on loopback."""

import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from command_line import ebbtide
from ebbtide.conduct.opt_outs import OptOut, read_opt_outs
from ebbtide.conduct.proofs import CHALLENGE_PATH
from ebbtide.conduct.scope import build_scope
from ebbtide.model.configuration import Identity, RedirectRule, ScopeSection, SurveyConfig
from ebbtide.model.errors import FrameError
from ebbtide.probe.fetching import fetch_each
from ebbtide.probe.records import look_up_names, look_up_texts
from ebbtide.probe.settings import ProbeSettings
from ebbtide.probe.vantage import source_address
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.conduct import probe_settings
from ebbtide.survey.opting_out import add_opt_out
from ebbtide.survey.settings import load_config
from name_servers import always, name_server, silence

pytestmark = pytest.mark.live


@contextmanager
def answering(records: dict[int, list[bytes]]) -> Iterator[str]:
    """A name server that gives every question of a kind the same records."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)
        is_over = threading.Event()

        def answer_all() -> None:
            while not is_over.is_set():
                try:
                    query, sender = server.recvfrom(4096)
                except TimeoutError:
                    continue
                end = query.index(b"\0", 12) + 5
                (kind,) = struct.unpack(">H", query[end - 4 : end - 2])
                found = records.get(kind, [])
                rows = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data for data in found)
                head = query[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, len(found), 0, 0)
                server.sendto(head + query[12:end] + rows, sender)

        thread = threading.Thread(target=answer_all)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            is_over.set()
            thread.join()


def test_texts_come_whole_one_a_record_with_their_strings_joined() -> None:
    records = {16: [b"\6v=spf1", b"\3abc\3def"]}
    with answering(records) as server:
        assert look_up_texts(["a.test", "b.test"], nameservers=[server]) == {
            "a.test": (b"v=spf1", b"abcdef"),
            "b.test": (b"v=spf1", b"abcdef"),
        }


def test_the_names_of_addresses_of_both_versions() -> None:
    with answering({12: [b"\1b\4test\0", b"\1a\4test\0"]}) as server:
        found = look_up_names(["203.0.113.9", "2001:db8::9"], nameservers=[server])
    assert found == {"203.0.113.9": ("a.test", "b.test"), "2001:db8::9": ("a.test", "b.test")}


@pytest.mark.parametrize("code", [0, 2, 3, 5])
def test_no_record_and_no_answer_are_nothing(code: int) -> None:
    with name_server(always(code)) as server:
        assert look_up_texts(["a.test"], nameservers=[server.at]) == {"a.test": ()}
        assert look_up_names(["203.0.113.9"], nameservers=[server.at]) == {"203.0.113.9": ()}


def test_a_name_server_that_is_silent_costs_a_moment_and_tells_nothing() -> None:
    with name_server(silence) as server:
        found = look_up_texts(["a.test", "x" * 300 + ".test"], nameservers=[server.at], timeout_s=0.1, tries=1)
    assert set(found.values()) == {()}


def test_the_source_address_is_learnt_without_a_packet() -> None:
    assert source_address("127.0.0.1") == "127.0.0.1"
    assert source_address("255.255.255.255") == ""


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[str]
    files: dict[str, tuple[int, str, bytes]]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        status, kind, body = self.files.get(self.path, (404, "text/html", b"nothing here"))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def web(files: dict[str, tuple[int, str, bytes]]) -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Site", (Web,), {"seen": seen, "files": files}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings() -> ProbeSettings:
    scope = build_scope(ScopeSection(open=("127.0.0.0/8",)), Identity(), (), "test")
    return probe_settings(SurveyConfig(), scope)


def test_each_url_is_fetched_once_and_a_redirect_is_not_followed() -> None:
    files = {"/a?b=1": (200, "Text/Plain; charset=utf-8", b"a"), "/": (302, "text/html", b"")}
    following = msgspec.structs.replace(settings(), redirects=RedirectRule.IN_SCOPE)
    with web(files) as (base, seen):
        urls = [f"{base}/a?b=1", f"{base}/", f"{base}/gone", f"{base}/a?b=1"]
        found = fetch_each(urls, following)
    assert [(each.status, each.media_type, each.body, each.problem) for each in found.values()] == [
        (200, "text/plain", b"a", ""),
        (302, "text/html", b"", ""),
        (404, "text/html", b"nothing here", ""),
    ]
    assert sorted(seen) == ["/", "/a?b=1", "/gone"]


def test_what_an_owner_published_for_us_is_read_without_asking_robots_txt() -> None:
    files = {"/robots.txt": (200, "text/plain", b"User-agent: *\nDisallow: /"), "/proof": (200, "text/plain", b"yes")}
    with web(files) as (base, seen):
        found = fetch_each([f"{base}/proof"], msgspec.structs.replace(settings(), robots=True))
    assert [each.body for each in found.values()] == [b"yes"]
    assert seen == ["/proof"]


def test_what_cannot_be_fetched_says_why_and_what_is_no_url_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refusing = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        found = fetch_each([refusing, "http://10.0.0.1/"], settings())
    assert found[refusing].problem == "connect failed, refused"
    assert found["http://10.0.0.1/"].problem.startswith("out of scope (10.0.0.0/8")
    with pytest.raises(FrameError):
        fetch_each(["ftp://a.example/"], settings())


def survey(tmp_path: Path, more: str = "") -> Path:
    folder = tmp_path / "survey"
    assert ebbtide("survey", "init", folder).returncode == 0
    (folder / "hosts.txt").write_text("127.0.0.1\na.example\n", encoding="utf-8")
    text = '[[frame.source]]\npath = "hosts.txt"\n[scope]\nopen = ["127.0.0.0/8"]\nopt_out = "opt-outs.csv"\n'
    (folder / "survey.toml").write_text(text + more, encoding="utf-8")
    return folder


def test_an_owner_on_loopback_proves_a_host_by_a_file_and_loses_the_proof_with_it(tmp_path: Path) -> None:
    folder = survey(tmp_path)
    (folder / "opt-outs.csv").touch()
    files: dict[str, tuple[int, str, bytes]] = {}
    with web(files) as (base, seen):
        told = ebbtide("conduct", "prove", base, "--survey", folder, "--days", "3")
        line = told.stdout.splitlines()[-2].strip()
        assert line.startswith("ebbtide-challenge=")
        assert seen == []
        files[CHALLENGE_PATH] = (200, "text/html", line.encode())
        wrong = ebbtide("conduct", "verify", base, "--survey", folder)
        assert (wrong.returncode, "not as text/plain" in wrong.stdout) == (1, True)
        files[CHALLENGE_PATH] = (200, "text/plain", f"# of ours\n{line}\n".encode())
        right = ebbtide("conduct", "verify", base, "--survey", folder)
        assert (right.returncode, right.stdout.startswith("proved by file: 127.0.0.1")) == (0, True)
        files.clear()
        assert ebbtide("conduct", "verify", base, "--survey", folder).returncode == 1
    assert seen == [CHALLENGE_PATH] * 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("conduct", "check"), "survey.toml: identity: organisation, page or contact is missing"),
        (("conduct", "init", "--out", "x"), "survey.toml: identity: organisation, page or contact is missing"),
        (("conduct", "prove", "a b"), "HOST: 'a b' is not one host."),
        (("survey", "run", "r", "--metrics", "lo"), "--metrics: 'lo' is no address and port."),
        (("survey", "run", "r", "--metrics", "127.0.0.1:99999"), "'127.0.0.1:99999' is no address and port."),
        (("conduct", "prove", "a.example:8080"), "port 8080 proves nothing"),
        (("conduct", "verify", "a.example"), "Issue one: ebbtide conduct prove a.example"),
        (("conduct", "opt-out", "300.1.1.1", "--who", "A", "--reason", "b"), "no address, prefix or host name"),
        (("conduct", "opt-out", "a.example", "--who", " ", "--reason", "b"), "Give --who and --reason"),
        (("conduct", "opt-out", "a.example", "--who", "A", "--reason", "b", "--expires", "soon"), "'soon' is no date"),
        (("conduct", "opt-out", "a.example", "--who", "A", "--reason", "b", "--expires", "2001-07-01"), "has passed"),
        (("survey", "run", "r", "--continue"), "round r has not paused"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    folder = survey(tmp_path)
    told = ebbtide(*words, "--survey", folder)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("ebbtide: ")
    assert sentence in told.stderr
    assert told.stderr.count("\n") == 1
    assert not (folder / "opt-outs.csv").exists()


def test_opt_outs_written_at_the_same_time_are_all_there(tmp_path: Path) -> None:
    folder = SurveyFolder.open(survey(tmp_path))
    config = load_config(folder.path)
    names = [f"h{number}.example" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add_opt_out(folder, config, OptOut(name, reason="asked", who="A")), names))
    written = read_opt_outs(folder.path / "opt-outs.csv")
    assert sorted(each.what for each in written) == sorted(names)
    listed = ebbtide("conduct", "opt-outs", "--survey", folder.path, "--json").document()
    assert len(listed["opt_outs"]) == 24
    assert listed["names"] == 1


def test_a_survey_without_a_file_of_opt_outs_is_told_how_to_name_one(tmp_path: Path) -> None:
    folder = survey(tmp_path)
    text = (folder / "survey.toml").read_text(encoding="utf-8").replace('opt_out = "opt-outs.csv"\n', "")
    (folder / "survey.toml").write_text(text, encoding="utf-8")
    told = ebbtide("conduct", "opt-outs", "--survey", folder)
    assert (told.returncode, 'opt_out = "opt-outs.csv"' in told.stderr) == (2, True)
