"""The same requests sent to the sensor, to nginx and to Apache: all three logs give the same events."""

import os
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ebbtide.pressure.reading import read_logs
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.reading import own_signatures
from ebbtide.pressure.signatures.samples import sample_request
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy
from ports import free_port
from real_servers import ADDRESS, MODULES, require_programs, running_server, wait_until_open
from running_sensor import START_S, read_all, running_sensor, sensor_folder

pytestmark = [pytest.mark.live, pytest.mark.real_servers, pytest.mark.xdist_group("real_servers")]
SIGNATURES = own_signatures()

NGINX = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.err crit;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/nginx.log combined;
    client_body_temp_path {folder}/tmp;
    proxy_temp_path {folder}/tmp;
    fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp;
    scgi_temp_path {folder}/tmp;
    server {{ listen {address}:{port}; root {folder}; }}
}}
"""
APACHE = """
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/apache.pid"
DefaultRuntimeDir "{folder}"
Mutex posixsem
ErrorLog "{folder}/apache.err"
{identity}
LoadModule mpm_prefork_module "{modules}/mod_mpm_prefork.so"
LoadModule authz_core_module "{modules}/mod_authz_core.so"
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
CustomLog "{folder}/apache.log" combined
StartServers 2
Listen {address}:{port}
DocumentRoot "{folder}"
"""


def requests() -> Iterator[bytes]:
    """Every sample of every signature, those that must match and those that must not, as octets."""
    for signature in SIGNATURES:
        for sample in (*signature.positives, *signature.lookalikes):
            request = sample_request(sample)
            agent = request.agent or b"Mozilla/5.0"
            yield b"%b %b HTTP/1.1\r\nHost: a.example\r\nUser-Agent: %b\r\nConnection: close\r\n\r\n" % (
                request.method, request.target, agent,
            )  # fmt: skip


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, int]]:
    """nginx and Apache with logs of their own, and the port of each."""
    require_programs()
    (folder / "tmp").mkdir()
    ports = {"nginx": free_port(), "apache": free_port()}
    is_root = os.geteuid() == 0
    (folder / "nginx.conf").write_text(
        NGINX.format(folder=folder, address=ADDRESS, port=ports["nginx"], user="user www-data;" if is_root else "")
    )
    (folder / "apache.conf").write_text(
        APACHE.format(
            folder=folder, address=ADDRESS, port=ports["apache"], modules=MODULES,
            identity="User www-data\nGroup www-data" if is_root else "",
        )
    )  # fmt: skip
    commands = (
        ["nginx", "-p", str(folder), "-e", str(folder / "nginx.err"), "-c", str(folder / "nginx.conf")],
        ["apache2", "-f", str(folder / "apache.conf"), "-DFOREGROUND"],
    )
    with ExitStack() as running:
        for number, command in enumerate(commands):
            running.enter_context(running_server(command, folder / f"start-{number}.err"))
        for port in ports.values():
            wait_until_open(port, folder)
        yield ports


def send_all(port: int) -> int:
    """Send every request to a port, each over a connection of its own; how many."""
    count = 0
    for octets in requests():
        with socket.create_connection((ADDRESS, port), timeout=20) as made:
            made.sendall(octets)
            read_all(made)
        count += 1
    return count


def events(*paths: Path) -> Counter[tuple[str, str, str | None]]:
    reading = read_logs([str(path) for path in paths], SignatureSet(SIGNATURES), SourcePolicy(), Neighbourhood(""))
    return Counter((each.signature, each.form, each.source) for each in reading.events.export(with_sources=True))


def wait_for_lines(log: Path, count: int) -> None:
    """Servers write their lines when the answer is gone."""
    end_s = time.monotonic() + START_S
    while log.read_bytes().count(b"\n") < count:
        assert time.monotonic() < end_s, log.read_bytes().count(b"\n")
        time.sleep(0.05)


def test_the_sensor_nginx_and_apache_log_the_same_attacks() -> None:
    with sensor_folder() as folder, running_sensor(folder, "--sources", "raw") as sensor:
        with servers(folder.parent) as ports:
            count = send_all(sensor.ports[0])
            for name, port in ports.items():
                send_all(port)
                wait_for_lines(folder.parent / f"{name}.log", count)
        summary = sensor.stop()
        ours = events(*folder.glob("sensor-*"))
        theirs = {name: events(folder.parent / f"{name}.log") for name in ports}
    assert summary["written"] == count
    assert sum(ours.values()) >= sum(len(signature.positives) for signature in SIGNATURES)
    for name, found in theirs.items():
        assert (ours - found, found - ours) == (Counter(), Counter()), name
