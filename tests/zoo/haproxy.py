"""HAProxy in front of a quiet server."""

from collections.abc import Sequence

from ports import free_port
from zoo.pages import PLAIN
from zoo.python_server import PYTHON, quiet_command
from zoo.records import Command, Ground, Product

CONFIGURATION = """
global
    maxconn 64
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend garden
    bind {address}:{port}
    {rules}
    default_backend behind
backend behind
    server one {address}:{behind}
"""
HARDENED = "http-response del-header Server"
MISCONFIGURED = (
    "stats enable\n    stats uri /haproxy?stats\n    http-response set-header X-Backend-Server 10.1.2.3:8080"
)


def _run(ground: Ground, rules: str) -> Sequence[Command]:
    behind = free_port(ground.address)
    text = CONFIGURATION.format(address=ground.address, port=ground.port, behind=behind, rules=rules)
    path = ground.write("haproxy.cfg", text)
    return [Command(["haproxy", "-db", "-f", str(path)]), quiet_command(ground, {**PLAIN}, behind)]


PRODUCT = Product(
    "haproxy",
    ("haproxy", PYTHON),
    {
        "plain": lambda ground: _run(ground, ""),
        "hardened": lambda ground: _run(ground, HARDENED),
        "misconfigured": lambda ground: _run(ground, MISCONFIGURED),
    },
)
