"""What the sensor never does, whose rights it has, and whose sockets it takes."""

import contextlib
import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ebbtide.pressure.sensor.answers import PAGE
from running_sensor import (
    PROGRAM,
    START_S,
    USER,
    RunningSensor,
    as_user,
    read_all,
    records_in,
    running_sensor,
    sensor_folder,
    states_in,
)

pytestmark = pytest.mark.live
GET = b"GET /default.ida?" + b"X" * 224 + b" HTTP/1.1\r\nHost: a.example\r\n\r\n"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else, or mount a file system")
WATCHED = """
import sys
ACTS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
        "socket.gethostbyaddr", "socket.getnameinfo", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn",
        "urllib.Request", "os.fork"}
def watch(event, arguments):
    if event in ACTS:
        with open(LOG, "a") as log:
            log.write(event + "\\n")
LOG = sys.argv[1]
sys.argv[1:2] = []
sys.addaudithook(watch)
if sys.argv[1] == "control":
    import socket
    try:
        socket.socket().connect(("127.0.0.1", 1))
    except OSError:
        pass
    raise SystemExit
from ebbtide.cli.app import main
main()
"""
IN_GROUPS = (sys.executable, "-c", "import os, sys; os.setgroups([0, 4, 24]); os.execv(sys.argv[1], sys.argv[1:])")
HANDED_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


@needs_root
def test_root_opens_the_ports_and_is_given_up_for_good() -> None:
    entry = pwd.getpwnam(USER)
    with sensor_folder() as folder, running_sensor(folder, program=(*IN_GROUPS, *PROGRAM)) as sensor:
        status = Path(f"/proc/{sensor.process.pid}/status").read_text(encoding="ascii")
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        sensor.ask(GET)
        sensor.stop()
        modes = {file.name: oct(file.stat().st_mode & 0o777) for file in folder.iterdir()}
        owners = {file.stat().st_uid for file in (folder, *folder.iterdir())}
    assert fields["Uid"].split() == [str(entry.pw_uid)] * 4
    assert fields["Gid"].split() == [str(entry.pw_gid)] * 4
    assert fields["Groups"].split() == []
    assert fields["CapEff"].strip("0") == ""
    assert set(modes.values()) == {"0o600"}
    assert owners == {entry.pw_uid}


@needs_root
def test_root_alone_is_refused() -> None:
    with sensor_folder() as folder:
        done = subprocess.run(
            [*PROGRAM, "sensor", "--listen", "0", "--out", str(folder)],
            capture_output=True, text=True, timeout=START_S, check=False,
        )  # fmt: skip
        assert not folder.exists()
    assert done.returncode == 2
    assert "the sensor does not run as root" in done.stderr


def test_it_never_connects_looks_up_or_starts_anything() -> None:
    lures = (
        b"GET http://127.0.0.1:1/fetch HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:1 HTTP/1.1\r\n\r\n",
        b"GET /?url=http://127.0.0.1:1/ HTTP/1.1\r\nUser-Agent: ${jndi:ldap://127.0.0.1:1/a}\r\nUpgrade: h2c\r\n\r\n",
        b"GET /cgi-bin/x HTTP/1.1\r\nUser-Agent: () { :;}; /bin/sh -c id\r\n\r\n",
        b"PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n",
    )
    with sensor_folder() as folder:
        log = folder.parent / "acts"
        log.touch()
        log.chmod(0o666)
        watched = (sys.executable, "-c", WATCHED, str(log))
        subprocess.run([*watched, "control"], check=True, timeout=START_S)
        assert log.read_text() == "socket.connect\n"  # the watch does see what it is there for
        log.write_text("")
        with running_sensor(folder, program=watched) as sensor:
            for lure in lures:
                sensor.ask(lure)
            summary = sensor.stop()
        assert summary["written"] == len(lures)
        assert log.read_text() == ""


def test_it_listens_on_ipv6_and_on_several_ports() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 on loopback")
    with sensor_folder() as folder, running_sensor(folder, "--sources", "raw", listen=("[::1]:0", "0", "0")) as sensor:
        for number, address in enumerate(("::1", "127.0.0.1", "127.0.0.1")):
            with sensor.connect(number, address=address) as made:
                made.sendall(GET)
                assert read_all(made).endswith(PAGE)
        sensor.stop()
        records = records_in(folder)
    assert [record["source"] for record in records] == ["::1", "127.0.0.1", "127.0.0.1"]
    assert [record["on"] for record in records] == [
        f"[::1]:{sensor.ports[0]}", f"127.0.0.1:{sensor.ports[1]}", f"127.0.0.1:{sensor.ports[2]}",
    ]  # fmt: skip


def test_a_socket_that_systemd_hands_over_is_taken() -> None:
    with sensor_folder() as folder, socket.create_server(("127.0.0.1", 0)) as handed:
        port = handed.getsockname()[1]
        handed.set_inheritable(True)
        launched = (sys.executable, "-c", HANDED_OVER, str(handed.fileno()), *PROGRAM)
        process = subprocess.Popen(
            [*launched, "sensor", "--out", str(folder), "--json", *as_user()],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pass_fds=(handed.fileno(),),
        )  # fmt: skip
        try:
            sensor = RunningSensor(process, folder)
            assert sensor.ports == [port]
            assert sensor.ask(GET).endswith(PAGE)
            assert sensor.stop()["written"] == 1
        finally:
            process.kill()
            process.communicate()


def test_it_ends_by_itself_when_its_time_is_over() -> None:
    with sensor_folder() as folder, running_sensor(folder, "--seconds", "0.5") as sensor:
        sensor.process.communicate(timeout=START_S)
        assert sensor.process.returncode == 0
        assert states_in(folder) == ["start", "stop"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--listen", "a.example:80"), "the sensor cannot listen at 'a.example:80'"),
        (("--listen", "192.0.2.1:8080"), "the sensor cannot listen at 192.0.2.1:8080: Cannot assign requested address"),
        (("--sources", "none"), "sources cannot be kept as 'none'"),
        (("--listen", "0", "--own", "x"), "x is no IPv4 address"),
    ],
)
def test_a_callers_mistake_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    with sensor_folder() as folder:
        done = subprocess.run(
            [*PROGRAM, "sensor", "--out", str(folder), *as_user(), *words],
            capture_output=True, text=True, timeout=START_S, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_a_port_that_is_taken_is_told() -> None:
    with sensor_folder() as folder, running_sensor(folder) as sensor:
        done = subprocess.run(
            [*PROGRAM, "sensor", "--out", str(folder.parent / "b"), "--listen", str(sensor.ports[0]), *as_user()],
            capture_output=True, text=True, timeout=START_S, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "Another program listens there" in done.stderr


def test_the_limit_on_open_files_is_honoured_and_told() -> None:
    limited = ("sh", "-c", 'ulimit -n 164; exec "$0" "$@"', *PROGRAM)
    with sensor_folder() as folder, running_sensor(folder, program=limited) as sensor:
        assert "the limit on open files allows 36 connections at once, not 1,000" in "".join(sensor.said)
        held = [sensor.connect() for _ in range(50)]
        with contextlib.suppress(ConnectionError):
            assert sensor.ask(b"") == b""  # whoever came before is taken on or refused by now
        summary = sensor.stop()
        for each in held:
            each.close()
    assert (summary["counts"]["accepted"], summary["counts"]["refused_full"]) == (36, 15)
