"""``ebbtide pressure --follow`` beside a real nginx whose log is turned over, packed and emptied as by logrotate."""

import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ports import free_port
from real_servers import ADDRESS, require_programs, running_server, wait_until_open

pytestmark = [pytest.mark.live, pytest.mark.real_servers, pytest.mark.xdist_group("real_servers")]

NGINX = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.err crit;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/access.log combined;
    client_body_temp_path {folder}/tmp;
    proxy_temp_path {folder}/tmp;
    fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp;
    scgi_temp_path {folder}/tmp;
    server {{ listen {address}:{port}; root {folder}; }}
}}
"""
WORM = "/default.ida?" + "X" * 224 + "%u9090"
WAIT_S = 20


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[int]:
    """A server that logs into the folder; its port."""
    require_programs()
    (tmp_path / "tmp").mkdir()
    port = free_port()
    user = "user www-data;" if os.geteuid() == 0 else ""
    tmp_path.chmod(0o755)
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, address=ADDRESS, port=port, user=user))
    command = ["nginx", "-p", str(tmp_path), "-e", str(tmp_path / "nginx.err"), "-c", str(tmp_path / "nginx.conf")]
    with running_server(command, tmp_path / "nginx.out"):
        wait_until_open(port, tmp_path)
        yield port


def ask(port: int, *targets: str) -> int:
    for target in targets:
        connection = http.client.HTTPConnection(ADDRESS, port, timeout=10)
        connection.putrequest("GET", target, skip_accept_encoding=True)
        connection.endheaders()
        connection.getresponse().read()
        connection.close()
    return len(targets)


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Following:
    """The command at work, and what it has said so far."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.said = folder / "said"
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ebbtide", "pressure", str(folder / "access.log"), "--follow", *words],
                stdout=out, stderr=subprocess.PIPE,
            )  # fmt: skip

    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said.read_text().splitlines()]

    def told(self, key: str) -> list[dict[str, Any]]:
        return [each[key] for each in self.documents() if key in each]

    def stop(self) -> str:
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=WAIT_S)
        assert self.process.returncode == 0, errors
        return str(errors.decode())


def reopen(folder: Path) -> None:
    """What logrotate has nginx told once it has renamed the log."""
    os.kill(int((folder / "nginx.pid").read_text()), signal.SIGUSR1)
    wait_until((folder / "access.log").exists, "nginx opened no new log")


def test_a_real_log_is_followed_over_rotation_packing_and_emptying(tmp_path: Path, nginx: int) -> None:
    log = tmp_path / "access.log"
    asked = ask(nginx, "/", "/sumthin", "/")
    following = Following(tmp_path, "--json", "--every", "1")
    wait_until(lambda: bool(following.told("following")), "it did not begin")
    (begun,) = following.told("following")
    assert begun["visits"] == 1
    asked += ask(nginx, WORM, WORM, "/index.html")
    wait_until(lambda: len(following.told("visit")) == 1, "the worm was not told")
    log.rename(tmp_path / "access.log.1")
    asked += ask(nginx, "/late")  # before nginx knows of it
    reopen(tmp_path)
    asked += ask(nginx, "/.git/config", "/sumthin")
    wait_until(lambda: len(following.told("visit")) == 2, "the new log was not followed")
    packed = tmp_path / "access.log.1"
    (tmp_path / "access.log.1.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    os.truncate(log, 0)
    asked += ask(nginx, "/scripts/root.exe?/c+dir", WORM)
    wait_until(lambda: len(following.told("visit")) == 3, "what came after the emptying was not told")
    log.unlink()
    time.sleep(1.2)
    reopen(tmp_path)
    asked += ask(nginx, "/", WORM)
    wait_until(lambda: following.told("pulse")[-1]["lines"] == asked, f"lines are missing of {asked}")
    following.stop()
    (summary,) = following.told("summary")
    assert summary["lines"] == asked
    found = {each["signature"]: each for each in summary["whole"]}
    assert {name: each["requests"] for name, each in found.items()} == {
        "all": 8, "code-red-2": 4, "sumthin": 2, "git-folder": 1, "nimda": 1,
    }  # fmt: skip
    assert all(each["visits"] == 1 for name, each in found.items() if name != "all")
    assert [each["signature"] for each in following.told("visit")] == ["code-red-2", "git-folder", "nimda"]
    assert ADDRESS not in following.said.read_text()


def test_half_lines_missing_files_and_people(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    following = Following(tmp_path, "--with-sources", "--every", "1")
    line = f'192.0.2.1 - - [01/Aug/2004:00:00:00 +0000] "GET {WORM} HTTP/1.0" 404 9 "-" "-"\n'.encode()
    wait_until(lambda: "visits an hour" in following.said.read_text(), "it did not begin")
    with log.open("wb", buffering=0) as stream:
        stream.write(line.replace(b"192.0.2.1", b"192.0.2.9") + line[:50])
        wait_until(lambda: "192.0.2.9" in following.said.read_text(), "the first line was not told")
        time.sleep(1)
        assert "192.0.2.1\n" not in following.said.read_text()
        stream.write(line[50:])
        wait_until(lambda: "192.0.2.1\n" in following.said.read_text(), "the second line was not told")
    wait_until(lambda: "█  " in following.said.read_text(), "no pulse told the visits")
    assert "following, until Ctrl-C" in following.stop()
    said = following.said.read_text()
    assert "2004-08-01T00:00:00+00:00  Code Red II  224 X  from 192.0.2.9\n" in said
    assert "2 lines read of 1 files." in said
