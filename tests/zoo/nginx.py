"""nginx."""

from collections.abc import Sequence

from zoo.pages import BACKUP_PHP, FINDER, GIT, NOTES, PLAIN
from zoo.records import Command, Ground, Product

CONFIGURATION = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/server.log warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    types {{ text/html html; text/plain txt; }}
    default_type application/octet-stream;
    client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
    server {{
        listen {address}:{port};
        root {site};
        index index.html;
        {rules}
    }}
}}
"""
HARDENED = "server_tokens off; location ~ /[.] { return 404; } location ~ ~$ { return 404; }"
MISCONFIGURED = "autoindex on; location = /nginx_status { stub_status; }"
FALLBACK = "server_tokens off; location / { try_files $uri /index.html; }"


def _run(ground: Ground, pages: dict[str, str | bytes], rules: str) -> Sequence[Command]:
    text = CONFIGURATION.format(
        folder=ground.folder, address=ground.address, port=ground.port, site=ground.site(pages), rules=rules
    )
    path = ground.write("nginx.conf", text)
    return [Command(["nginx", "-p", str(ground.folder), "-e", str(ground.folder / "server.log"), "-c", str(path)])]


PRODUCT = Product(
    "nginx",
    ("nginx",),
    {
        "plain": lambda ground: _run(ground, {**PLAIN}, ""),
        "hardened": lambda ground: _run(ground, {**PLAIN, **GIT, **BACKUP_PHP}, HARDENED),
        "misconfigured": lambda ground: _run(ground, {**NOTES, **GIT, **BACKUP_PHP, **FINDER}, MISCONFIGURED),
        "fallback": lambda ground: _run(ground, {**PLAIN, **GIT}, FALLBACK),
    },
)
