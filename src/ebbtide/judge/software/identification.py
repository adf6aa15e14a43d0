"""Which software an answer names: the family and version of the web server, and whatever else it tells."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from ebbtide.judge.fingerprints.records import FAMILY_PARAM, ROLE_PARAM, FingerprintMatch
from ebbtide.judge.fingerprints.sets import FingerprintSet, load_own_fingerprints
from ebbtide.judge.software.banners import Banner, Product, read_banner
from ebbtide.judge.software.fronts import own_fronts
from ebbtide.judge.software.pieces import (
    COMMENT,
    COOKIE,
    FRONT,
    FRONT_VALUE,
    PARTS,
    POWERED_BY,
    SERVER,
    VIA,
    EvidenceReader,
    Piece,
    part_of,
)
from ebbtide.judge.software.slugs import slug
from ebbtide.model.outcomes import Answered
from ebbtide.model.transcripts import Certificate, Exchange, Purpose
from ebbtide.model.verdicts import UNKNOWN_FAMILY, Software

PRODUCT_TOKEN = "product-token"  # noqa: S105  a token of RFC 9110, no secret
"""Source of what only a field's own words tell."""

CACHED_ANSWERS = 8192
"""How many different sets of telling fields are remembered."""

_MOST_ROWS = 40
_MOST_LISTED = 8
_LONGEST = 200
_ROLES = frozenset({"server", "os", "language", "application", "module"})
_DEFAULT_ROLES: Mapping[str, str] = MappingProxyType({SERVER: "server", VIA: "server", COMMENT: "os"})
_VALUED: Mapping[str, bytes] = MappingProxyType({SERVER: b"server", VIA: b"via", COOKIE: b"set-cookie"})
_LISTS = frozenset({POWERED_BY, VIA})
_LANGUAGES = frozenset({"php", "perl", "python", "cpython", "ruby", "java", "jdk", "jre"})


class Identification(msgspec.Struct, frozen=True):
    """What the answers of a target name.

    Attributes:
        software: All products, each once. The first one is the web server that gives the family; empty if ``/`` was not
            answered.
        family: Family of the web server; ``unknown`` if it is masked, empty if ``/`` was not answered.
        version: Its version as told; empty if not told.
    """

    software: tuple[Software, ...]
    family: str
    version: str


NOT_ANSWERED = Identification((), "", "")
"""Of a target whose first ``/`` was not answered."""


class Identifier:
    """Names the software of answers by a set of fingerprints; what it has seen before it remembers.

    Args:
        fingerprints: Where a fingerprint gives ``ebbtide.family``, that is the family; otherwise the family is the slug
            of the Server field's first product, so that more fingerprints never rename a server.
    """

    def __init__(self, fingerprints: FingerprintSet) -> None:
        self._fingerprints = fingerprints
        self._fronts = own_fronts()
        self._reader = EvidenceReader(fingerprints.keys, self._fronts)
        self._identified = functools.lru_cache(maxsize=CACHED_ANSWERS)(self._identify)
        self._recorded = functools.lru_cache(maxsize=CACHED_ANSWERS)(self._record)

    @property
    def reads_certificates(self) -> bool:
        """Whether some fingerprint is held against certificates."""
        return self._reader.reads_certificates

    def identify(self, exchanges: Sequence[Exchange], certificates: Sequence[Certificate] = ()) -> Identification:
        """Name the software of one target.

        Args:
            exchanges: One attempt's exchanges in order. The answer to the first ``/`` gives the family; what other
                answers say otherwise is added behind.
            certificates: As sent; looked at only if ``reads_certificates``.
        """
        root = next((exchange for exchange in exchanges if exchange.request.purpose is Purpose.ROOT), None)
        if root is None or not isinstance(root.outcome, Answered):
            return NOT_ANSWERED
        reader = self._reader
        pieces = reader.fields(root)
        further = dict.fromkeys(reader.fields(each) for each in exchanges if each is not root and each.fields)
        further.pop(pieces, None)
        page = reader.page(root) + reader.icon(exchanges) + reader.certificate(root, certificates)
        return self._identified(pieces, page, tuple(further))

    def family_of_banner(self, value: bytes) -> str:
        """The family that a Server field alone gives; ``unknown`` if it names no product."""
        return _chosen_server(self._recorded((Piece(SERVER, value),))).family

    def _identify(
        self, pieces: tuple[Piece, ...], page: tuple[Piece, ...], further: tuple[tuple[Piece, ...], ...]
    ) -> Identification:
        """The same, from what was picked out."""
        rows = [*self._recorded(pieces), *self._recorded(page)]
        server = _chosen_server(rows)
        others = (row for other in further for row in self._recorded(other) if row.family != UNKNOWN_FAMILY)
        software = tuple(_distinct([server, *rows, *others]))
        return Identification(software, server.family, server.version)

    def _record(self, pieces: tuple[Piece, ...]) -> tuple[Software, ...]:
        """Everything that one answer names, repetitions included."""
        return tuple(row for piece in pieces for row in self._rows(piece))

    def _rows(self, piece: Piece) -> Iterator[Software]:
        """What one piece names."""
        key, value = piece
        if key == FRONT:
            yield from self._fronts.of_presence(value)
        elif key == FRONT_VALUE:
            yield from self._fronts.of_mark(value)
        elif key == SERVER:
            yield from self._server_rows(value)
            yield from self._fronts.of_value(_VALUED[key], value)
        else:
            values = [each.strip() for each in value.split(b",")[:_MOST_LISTED]] if key in _LISTS else [value]
            for each in values:
                yield from self._other_rows(key, each)
                yield from self._fronts.of_value(_VALUED.get(key, b""), each)

    def _server_rows(self, value: bytes) -> Iterator[Software]:
        """What a Server field names: the server itself, the system it runs on, what it has loaded."""
        banner = read_banner(value)
        matches = self._fingerprints.matches(SERVER, value)
        server = _server_row(banner, matches)
        if server is not None:
            yield server
        systems = [row for match in _own_first(matches) for row in _system_rows(match, SERVER)]
        if not systems and banner.remainder:
            comment = self._fingerprints.matches(COMMENT, banner.remainder.encode("utf-8"))
            systems = [row for match in _own_first(comment) for row in _system_rows(match, COMMENT)]
        yield from systems[:1]
        yield from (row for match in matches for row in _component_rows(match))
        yield from (_token_row(product, SERVER, _role_of(product)) for product in banner.others)

    def _other_rows(self, key: str, value: bytes) -> Iterator[Software]:
        """What any other piece names."""
        matches = self._fingerprints.matches(key, value)
        for match in _own_first(matches)[:1]:
            role = match.params.get(ROLE_PARAM, _DEFAULT_ROLES.get(key, "application"))
            if match.params.get("service.product"):
                yield _match_row(match, key, role=role, family=match.params.get(FAMILY_PARAM, ""))
            yield from _system_rows(match, key)
        if not matches and key == POWERED_BY:
            first = read_banner(value).first
            if first is not None:
                yield _token_row(first, key, _role_of(first, otherwise="application"))


@functools.lru_cache(maxsize=1)
def own_identifier() -> Identifier:
    """The one that knows the fingerprints that come with Ebbtide; made once."""
    return Identifier(load_own_fingerprints())


def identify(exchanges: Sequence[Exchange], identifier: Identifier | None = None) -> Identification:
    """Name the software of one target, by our own fingerprints unless others are given."""
    return (identifier or own_identifier()).identify(exchanges)


def _chosen_server(rows: Iterable[Software]) -> Software:
    """The web server: as the Server field says, else as a fingerprint of what stands behind it says, else unknown."""
    servers = [row for row in rows if row.role == "server" and row.family and row.part != PARTS[VIA]]
    named = [row for row in servers if row.part == PARTS[SERVER]]
    return next(iter(named or servers), Software(UNKNOWN_FAMILY, "server", "", "", "", "", "", PARTS[SERVER]))


def _server_row(banner: Banner, matches: Sequence[FingerprintMatch]) -> Software | None:
    """The web server that a Server field names; ``None`` if it names none."""
    ordered = _own_first(matches)
    match = ordered[0] if ordered else None
    family = match.params.get(FAMILY_PARAM, "") if match else ""
    if match is None or not (family or match.params.get("service.product")):
        return _token_row(banner.first, SERVER, "server", slug(banner.first.name)) if banner.first else None
    if not family:
        family = slug(banner.first.name) if banner.first else slug(match.params["service.product"])
    return _match_row(match, SERVER, role="server", family=family or UNKNOWN_FAMILY)


def _own_first(matches: Sequence[FingerprintMatch]) -> list[FingerprintMatch]:
    """Those that give a family of ours, then the others, each in order of preference."""
    return sorted(matches, key=lambda match: FAMILY_PARAM not in match.params)


def _match_row(match: FingerprintMatch, key: str, *, role: str, family: str) -> Software:
    """What a fingerprint says of a service."""
    return _row(match.params, "service", match.fingerprint, key, role=role, family=family)


def _system_rows(match: FingerprintMatch, key: str) -> Iterator[Software]:
    """What a fingerprint says of the operating system."""
    if match.params.get("os.product"):
        yield _row(match.params, "os", match.fingerprint, key, role="os")


def _component_rows(match: FingerprintMatch) -> Iterator[Software]:
    """What a fingerprint says of a part of the service."""
    if match.params.get("service.component.product"):
        yield _row(match.params, "service.component", match.fingerprint, SERVER, role="module")


def _row(params: Mapping[str, str], prefix: str, source: str, key: str, *, role: str, family: str = "") -> Software:
    """Parameters under a prefix as a record."""

    def told(name: str) -> str:
        return params.get(f"{prefix}.{name}", "")[:_LONGEST]

    known_role = role if role in _ROLES else "application"
    return Software(
        family, known_role, told("vendor"), told("product"), told("version"), told("cpe23"), source, part_of(key)
    )


def _token_row(product: Product, key: str, role: str, family: str = "") -> Software:
    """What only a field's own words say."""
    return Software(family, role, "", product.name, product.version, "", PRODUCT_TOKEN, part_of(key))


def _role_of(product: Product, otherwise: str = "module") -> str:
    """A language, or what stands in such a place as a rule."""
    return "language" if product.name.lower() in _LANGUAGES else otherwise


def _distinct(rows: Iterable[Software]) -> Iterator[Software]:
    """Each product once in a role; without a version only if no other row has one."""
    listed = list(rows)
    versioned = {(row.role, row.product.lower()) for row in listed[1:] if row.version}
    seen: set[tuple[str, str, str]] = set()
    for place, row in enumerate(listed):
        name = (row.role, row.product.lower())
        if len(seen) >= _MOST_ROWS or (place and not row.version and name in versioned) or (*name, row.version) in seen:
            continue
        seen.add((*name, row.version))
        yield row
