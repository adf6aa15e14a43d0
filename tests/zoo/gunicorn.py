"""gunicorn, with an application that shows its traces where it is misconfigured."""

from collections.abc import Sequence

from zoo.pages import FRONT, GIT
from zoo.records import Command, Ground, Product

APPLICATION = """
FRONT = {front!r}.encode()


def application(environ, start_response):
    status, body = ("200 OK", FRONT) if environ["PATH_INFO"] == "/" else ("404 Not Found", b"<p>No such page.</p>")
    start_response(status, [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
    return [body]
"""
MISCONFIGURED = """
import traceback
from pathlib import Path

SITE = Path({site!r})
FRONT = {front!r}.encode()
METRICS = b"# HELP garden_requests Requests so far.\\n# TYPE garden_requests counter\\ngarden_requests 7\\n"


def page(path):
    if path == "/":
        return FRONT
    if path == "/metrics":
        return METRICS
    return (SITE / path.lstrip("/")).read_bytes()


def application(environ, start_response):
    try:
        status, body, kind = "200 OK", page(environ["PATH_INFO"]), "text/html"
    except OSError:
        status, body, kind = "500 Internal Server Error", traceback.format_exc().encode(), "text/plain"
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
"""


def _run(ground: Ground, application: str) -> Sequence[Command]:
    ground.write("garden.py", application)
    command = ["gunicorn", "--bind", f"{ground.address}:{ground.port}", "--chdir", str(ground.folder)]
    return [Command([*command, "--worker-tmp-dir", str(ground.folder), "--keep-alive", "5", "garden:application"])]


def _misconfigured(ground: Ground) -> Sequence[Command]:
    site = ground.site({**GIT})
    return _run(ground, MISCONFIGURED.format(site=str(site), front=FRONT))


def _hardened(ground: Ground) -> Sequence[Command]:
    ground.write("gunicorn.conf.py", 'import gunicorn\n\ngunicorn.SERVER = "garden"\n')
    return _run(ground, APPLICATION.format(front=FRONT))


PRODUCT = Product(
    "gunicorn",
    ("gunicorn",),
    {
        "plain": lambda ground: _run(ground, APPLICATION.format(front=FRONT)),
        "hardened": _hardened,
        "misconfigured": _misconfigured,
    },
)
