"""Varnish in front of a quiet server, and of an open one where it is misconfigured."""

from collections.abc import Sequence

from ports import free_port
from zoo.pages import GIT, NOTES, PLAIN
from zoo.python_server import PYTHON, plain_command, quiet_command
from zoo.records import Command, Ground, Product

CONFIGURATION = """
vcl 4.1;
backend behind {{ .host = "{address}"; .port = "{behind}"; }}
sub vcl_recv {{ return (pass); }}
sub vcl_deliver {{ {rules} }}
"""
HARDENED = "unset resp.http.Via; unset resp.http.X-Varnish; unset resp.http.Server; unset resp.http.Age;"
MISCONFIGURED = 'set resp.http.X-Backend = "web1/10.20.30.40";'


def _run(ground: Ground, rules: str, *, is_open: bool = False) -> Sequence[Command]:
    behind = free_port(ground.address)
    path = ground.write("garden.vcl", CONFIGURATION.format(address=ground.address, behind=behind, rules=rules))
    server = plain_command(ground, {**NOTES, **GIT}, behind) if is_open else quiet_command(ground, {**PLAIN}, behind)
    listening = ["-a", f"{ground.address}:{ground.port}", "-n", str(ground.folder / "work"), "-s", "malloc,16m"]
    small = ["-p", "thread_pool_min=5", "-p", "thread_pool_max=10", "-p", "thread_pools=1"]
    return [Command(["varnishd", "-F", "-j", "none", "-f", str(path), *listening, *small]), server]


PRODUCT = Product(
    "varnish",
    ("varnishd", PYTHON),
    {
        "plain": lambda ground: _run(ground, ""),
        "hardened": lambda ground: _run(ground, HARDENED),
        "misconfigured": lambda ground: _run(ground, MISCONFIGURED, is_open=True),
    },
)
