"""The parts of an answer that can name software, picked out in one pass."""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ebbtide.certificates.names import distinguished_names
from ebbtide.judge.software.banners import MOST_BYTES
from ebbtide.judge.software.fronts import Fronts
from ebbtide.model.transcripts import Certificate, Exchange, Purpose
from ebbtide.patterns.regex import Pattern, compile_pattern

SERVER = "http_header.server"
POWERED_BY = "http_header.x_powered_by"
VIA = "http_header.via"
COOKIE = "http_header.cookie"
WWW_AUTHENTICATE = "http_header.wwwauth"
COMMENT = "apache_os"
TITLE = "html_title"
GENERATOR = "html_generator"
ICON = "favicon.md5"
CERTIFICATE_SUBJECT = "x509.subject"
CERTIFICATE_ISSUER = "x509.issuer"
FRONT = "front"
FRONT_VALUE = "front.value"

PARTS: Mapping[str, str] = MappingProxyType(
    {
        SERVER: "server",
        COMMENT: "server",
        POWERED_BY: "x-powered-by",
        VIA: "via",
        COOKIE: "set-cookie",
        WWW_AUTHENTICATE: "www-authenticate",
        TITLE: "body",
        GENERATOR: "body",
        ICON: "body",
    }
)
"""Which part of the answer a key speaks of, as ``Software.part`` names it; see ``part_of``."""

CERTIFICATE_KEYS = frozenset({CERTIFICATE_SUBJECT, CERTIFICATE_ISSUER})

MOST_PIECES = 24
"""An answer with more telling fields than this is not read further."""

_KEYS: Mapping[bytes, str] = MappingProxyType(
    {
        b"server": SERVER,
        b"x-powered-by": POWERED_BY,
        b"via": VIA,
        b"set-cookie": COOKIE,
        b"www-authenticate": WWW_AUTHENTICATE,
    }
)
_HEADER_KEY = "http_header."
_HEAD_BYTES = 16_384
_LONGEST_NAME = 128
_LONGEST_VALUE = 512
"""Of a title. Counted by the pattern itself, it would cost that many states."""
_OK = 200


def part_of(key: str) -> str:
    """Which part of the answer a key speaks of, as ``Software.part`` names it."""
    if key in CERTIFICATE_KEYS:
        return "certificate"
    return PARTS.get(key) or key.removeprefix(_HEADER_KEY).replace("_", "-")


def is_fed(key: str) -> bool:
    """Whether transcripts hold what fingerprints under this key are held against."""
    return key in PARTS or key in CERTIFICATE_KEYS or (key.startswith(_HEADER_KEY) and key != _HEADER_KEY)


class Piece(NamedTuple):
    """Something that may name software; a tuple, since it is hashed for every answer.

    Attributes:
        key: What fingerprints of this kind are held against.
        value: At most ``MOST_BYTES``; of a cookie only its name and ``=``.
    """

    key: str
    value: bytes


class EvidenceReader:
    """Picks out what some fingerprints can judge.

    Args:
        keys: The keys that the fingerprints have; what no fingerprint asks for is not looked for.
        fronts: What may stand before a server.
    """

    def __init__(self, keys: frozenset[str], fronts: Fronts) -> None:
        further = {part_of(key).encode(): key for key in keys if key not in PARTS and key.startswith(_HEADER_KEY)}
        usual = {name: key for name, key in _KEYS.items() if key in keys or key == SERVER or name in fronts.valued}
        self._keys = dict.fromkeys(fronts.present, FRONT) | dict.fromkeys(fronts.valued, FRONT_VALUE) | further | usual
        self._fronts = fronts
        self.reads_certificates = not CERTIFICATE_KEYS.isdisjoint(keys)
        self._page: list[tuple[str, tuple[bytes, ...], tuple[Pattern, ...]]] = []
        if TITLE in keys:
            title = compile_pattern(r"<title[^>]*>\s*([^<]+)", ignore_case=True)
            self._page.append((TITLE, (b"<title", b"<TITLE", b"<Title"), (title,)))
        if GENERATOR in keys:
            self._page.append((GENERATOR, (b"enerator", b"ENERATOR"), _generator_patterns()))
        self._reads_icons = ICON in keys

    def fields(self, exchange: Exchange) -> tuple[Piece, ...]:
        """What the fields of an answer tell, in order, each once."""
        key_of = self._keys.get
        found: list[Piece] = []
        for name, value in exchange.fields:
            key = key_of(lowered := name.lower())
            if key is not None and len(found) < MOST_PIECES:
                piece = self._piece(key, lowered, value)
                if piece.value and piece not in found:
                    found.append(piece)
        return tuple(found)

    def _piece(self, key: str, name: bytes, value: bytes) -> Piece:
        """What is remembered of a field: of a cookie its name, of a front's mark only what it tells."""
        if key is COOKIE:
            return Piece(key, _cookie_name(value))
        if key is FRONT:
            return Piece(key, name)
        return Piece(key, self._fronts.mark(name, value) if key is FRONT_VALUE else value[:MOST_BYTES])

    def page(self, exchange: Exchange) -> tuple[Piece, ...]:
        """What the head of a page tells: its title, its generator."""
        if not self._page or not exchange.body:
            return ()
        head = exchange.body[:_HEAD_BYTES]
        found: dict[Piece, None] = {}
        for key, marks, patterns in self._page:
            for pattern in patterns if _has_any(head, marks) else ():
                match = pattern.search(head)
                value = b" ".join((match.group(1) or b"")[:_LONGEST_VALUE].split()) if match else b""
                if value:
                    found[Piece(key, value[:MOST_BYTES])] = None
        return tuple(found)

    def certificate(self, exchange: Exchange, certificates: Sequence[Certificate]) -> tuple[Piece, ...]:
        """Subject and issuer of the server's own certificate, as RFC 4514 writes them."""
        if not self.reads_certificates or exchange.tls is None or not exchange.tls.chain_sha256:
            return ()
        own = next((each for each in certificates if each.sha256 == exchange.tls.chain_sha256[0]), None)
        if own is None:
            return ()
        names = zip((CERTIFICATE_SUBJECT, CERTIFICATE_ISSUER), distinguished_names(own.der), strict=True)
        return tuple(Piece(key, name.encode()[:MOST_BYTES]) for key, name in names if name)

    def icon(self, exchanges: Sequence[Exchange]) -> tuple[Piece, ...]:
        """The MD5 of the icon, by which collections of fingerprints know it."""
        if not self._reads_icons:
            return ()
        for exchange in exchanges:
            is_icon = exchange.request.purpose is Purpose.ICON and exchange.status == _OK
            if is_icon and exchange.body and not exchange.is_truncated:
                return (Piece(ICON, hashlib.md5(exchange.body, usedforsecurity=False).hexdigest().encode("ascii")),)
        return ()


def _generator_patterns() -> tuple[Pattern, Pattern]:
    """The generator of a page, its name before or behind its content."""
    name = r"name\s*=\s*[\"']?generator[\"']?"
    content = r"content\s*=\s*[\"']([^\"'<>]{1,256})"
    return (
        compile_pattern(rf"<meta\s+{name}\s+{content}", ignore_case=True),
        compile_pattern(rf"<meta\s+{content}[\"']\s+{name}", ignore_case=True),
    )


def _has_any(text: bytes, marks: Sequence[bytes]) -> bool:
    return any(mark in text for mark in marks)


def _cookie_name(value: bytes) -> bytes:
    """The name of a cookie and ``=``; its value is nobody's business."""
    return value.partition(b"=")[0].strip()[:_LONGEST_NAME] + b"="
