"""Caddy."""

from collections.abc import Sequence

from zoo.pages import GIT, NOTES, PLAIN
from zoo.records import Command, Ground, Product

CONFIGURATION = """
{{
    admin off
    auto_https off
}}
http://{address}:{port} {{
    bind {address}
    root * {site}
    {rules}
}}
"""
HARDENED = """
    header -Server
    @hidden path /.*
    respond @hidden 404
    file_server
"""
MISCONFIGURED = """
    metrics /metrics
    file_server browse
"""
LEFT = {
    "package.json": '{\n  "name": "garden",\n  "dependencies": {\n    "express": "^4.18.2"\n  }\n}\n',
    "Dockerfile": "FROM debian:bookworm\nCOPY . /srv\n",
}


def _run(ground: Ground, pages: dict[str, str | bytes], rules: str) -> Sequence[Command]:
    text = CONFIGURATION.format(address=ground.address, port=ground.port, site=ground.site(pages), rules=rules)
    path = ground.write("Caddyfile", text)
    homes = {name: str(ground.folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    return [Command(["caddy", "run", "--config", str(path), "--adapter", "caddyfile"], homes)]


PRODUCT = Product(
    "caddy",
    ("caddy",),
    {
        "plain": lambda ground: _run(ground, {**PLAIN}, "file_server"),
        "hardened": lambda ground: _run(ground, {**PLAIN, **GIT}, HARDENED),
        "misconfigured": lambda ground: _run(ground, {**NOTES, **GIT, **LEFT}, MISCONFIGURED),
    },
)
