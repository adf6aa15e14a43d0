"""Python's http.server, and the small server that stands behind the proxies of the zoo."""

from collections.abc import Sequence

from zoo.pages import FINDER, GIT, NOTES, PLAIN, SWAP
from zoo.records import Command, Ground, Product

PYTHON = "/usr/bin/python3"
QUIET = """
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "garden"
    sys_version = ""
    error_message_format = "<title>Nothing here</title><p>There is no such page.</p>"

    def list_directory(self, path):
        self.send_error(404)

    def send_head(self):
        if "/." in self.path:
            self.send_error(404)
            return None
        return super().send_head()


address, port, site = sys.argv[1:]
ThreadingHTTPServer((address, int(port)), partial(Quiet, directory=site)).serve_forever()
"""


def plain_command(ground: Ground, pages: dict[str, str | bytes], port: int) -> Command:
    """``python3 -m http.server`` for a site."""
    site = ground.site(pages)
    return Command([PYTHON, "-m", "http.server", "--bind", ground.address, "--directory", str(site), str(port)])


def quiet_command(ground: Ground, pages: dict[str, str | bytes], port: int) -> Command:
    """A server made of the same module, which tells nothing of itself and lists nothing."""
    site = ground.site(pages)
    return Command([PYTHON, str(ground.write("quiet.py", QUIET)), ground.address, str(port), str(site)])


def _misconfigured(ground: Ground) -> Sequence[Command]:
    return [plain_command(ground, {**NOTES, **GIT, **FINDER, **SWAP}, ground.port)]


PRODUCT = Product(
    "python",
    (PYTHON,),
    {
        "plain": lambda ground: [plain_command(ground, {**PLAIN}, ground.port)],
        "hardened": lambda ground: [quiet_command(ground, {**PLAIN, **GIT}, ground.port)],
        "misconfigured": _misconfigured,
    },
)
