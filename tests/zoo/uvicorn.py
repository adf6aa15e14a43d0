"""uvicorn; misconfigured, its application answers every name, and serves what lies in its folder."""

from collections.abc import Sequence

from zoo.pages import FRONT, GIT
from zoo.python_server import PYTHON
from zoo.records import Command, Ground, Product

APPLICATION = """
from pathlib import Path

SITE = Path({site!r})
FRONT = {front!r}.encode()
HAS_FALLBACK = {has_fallback!r}
FIELDS = {fields!r}


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    file = SITE / scope["path"].lstrip("/")
    status, body = 404, b"<p>No such page.</p>"
    if scope["path"] == "/" or HAS_FALLBACK:
        status, body = 200, FRONT
    if HAS_FALLBACK and file.is_file():
        status, body = 200, file.read_bytes()
    length = [(b"content-type", b"text/html"), (b"content-length", str(len(body)).encode())]
    await send({{"type": "http.response.start", "status": status, "headers": [*length, *FIELDS]}})
    await send({{"type": "http.response.body", "body": body}})
"""


def _run(ground: Ground, *more: str, has_fallback: bool = False, **fields: str) -> Sequence[Command]:
    site = ground.site({**GIT})
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    text = APPLICATION.format(site=str(site), front=FRONT, has_fallback=has_fallback, fields=named)
    ground.write("garden.py", text)
    command = [PYTHON, "-m", "uvicorn", "--host", ground.address, "--port", str(ground.port), "--lifespan", "off"]
    return [Command([*command, "--app-dir", str(ground.folder), *more, "garden:application"])]


PRODUCT = Product(
    "uvicorn",
    (PYTHON, "/usr/lib/python3/dist-packages/uvicorn/__init__.py"),
    {
        "plain": _run,
        "hardened": lambda ground: _run(ground, "--no-server-header"),
        "misconfigured": lambda ground: _run(ground, has_fallback=True, x_backend_server="10.0.3.7:8000"),
    },
)
