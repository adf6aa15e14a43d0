"""lighttpd."""

from collections.abc import Sequence

from zoo.pages import GIT, NOTES, PLAIN
from zoo.records import Command, Ground, Product

CONFIGURATION = """
server.document-root = "{site}"
server.bind = "{address}"
server.port = {port}
server.errorlog = "{folder}/server.log"
server.upload-dirs = ("{folder}")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html", ".txt" => "text/plain")
{rules}
"""
PLAIN_RULES = 'server.modules = ("mod_access")'
HARDENED = """
server.modules = ("mod_access")
server.tag = ""
$HTTP["url"] =~ "/[.]" { url.access-deny = ("") }
"""
MISCONFIGURED = """
server.modules = ("mod_dirlisting", "mod_status")
dir-listing.activate = "enable"
status.status-url = "/server-status"
status.config-url = "/server-config"
"""
SUBVERSION = {".svn/entries": "12\n"}


def _run(ground: Ground, pages: dict[str, str | bytes], rules: str) -> Sequence[Command]:
    text = CONFIGURATION.format(
        folder=ground.folder, address=ground.address, port=ground.port, site=ground.site(pages), rules=rules
    )
    return [Command(["lighttpd", "-D", "-f", str(ground.write("lighttpd.conf", text))])]


PRODUCT = Product(
    "lighttpd",
    ("lighttpd",),
    {
        "plain": lambda ground: _run(ground, {**PLAIN}, PLAIN_RULES),
        "hardened": lambda ground: _run(ground, {**PLAIN, **GIT}, HARDENED),
        "misconfigured": lambda ground: _run(ground, {**NOTES, **GIT, **SUBVERSION}, MISCONFIGURED),
    },
)
