"""Technologies held against the answers of one target."""

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

from ebbtide.certificates.names import distinguished_names
from ebbtide.judge.technologies.records import FoundTechnology, Technology, TechnologyPack, TechPattern
from ebbtide.model.outcomes import Answered
from ebbtide.model.transcripts import Certificate, Exchange, Purpose
from ebbtide.model.verdicts import Software
from ebbtide.patterns.literals import LiteralSet
from ebbtide.patterns.regex import Match, compile_pattern

MOST_PIECES = 500
"""So many script addresses, inline scripts and meta tags of a page are looked at."""

Certificates = Sequence[Certificate]

_LONGEST_VERSION = 60
_FULL = 100
_NAMED = frozenset({"headers", "cookies", "meta"})
_ROLES = {22: "server", 27: "language", 28: "os"}
_SLOT = re.compile(r"\\([0-9])\?([^:]*):(.*)\Z")
_GROUP = re.compile(r"\\([0-9])")


class _Page:
    """The texts of one answer, by feed."""

    def __init__(self, exchange: Exchange, base_url: str, readers: "_Readers", certificates: "Certificates") -> None:
        self._exchange = exchange
        self._certificates = certificates
        self._base_url = base_url
        self._readers = readers

    def named(self, feed: str) -> Mapping[str, Sequence[bytes]]:
        """Values by their names in lower case."""
        return {"headers": self._headers, "cookies": self._cookies, "meta": self._meta}[feed]

    def texts(self, feed: str) -> Sequence[bytes]:
        """Texts of a feed without names."""
        body = self._exchange.body
        if feed == "html":
            return [body]
        if feed == "url":
            return [(self._base_url + self._exchange.request.path).encode("utf-8", "replace")]
        if feed == "scriptSrc":
            return self._readers.script_addresses(body)
        if feed == "scripts":
            return self._readers.inline_scripts(body)
        if feed == "certIssuer":
            return self._issuers
        return [self._readers.text(body)]

    @cached_property
    def _headers(self) -> Mapping[str, Sequence[bytes]]:
        found: defaultdict[str, list[bytes]] = defaultdict(list)
        for name, value in self._exchange.fields:
            found[name.decode("latin-1").strip().lower()].append(value)
        return found

    @property
    def _issuers(self) -> Sequence[bytes]:
        """Who signed the server's own certificate."""
        own = self._exchange.tls.chain_sha256[:1] if self._exchange.tls else ()
        ders = [each.der for each in self._certificates if each.sha256 in own]
        return [issuer.encode() for der in ders if (issuer := distinguished_names(der)[1])]

    @cached_property
    def _cookies(self) -> Mapping[str, Sequence[bytes]]:
        found: defaultdict[str, list[bytes]] = defaultdict(list)
        for value in self._exchange.field_values(b"set-cookie"):
            name, _, rest = value.partition(b";")[0].partition(b"=")
            found[name.strip().decode("latin-1").lower()].append(rest.strip())
        return found

    @cached_property
    def _meta(self) -> Mapping[str, Sequence[bytes]]:
        found: defaultdict[str, list[bytes]] = defaultdict(list)
        for name, content in self._readers.meta_tags(self._exchange.body):
            found[name.decode("utf-8", "replace").strip().lower()].append(content)
        return found


class _Readers:
    """Patterns that pick pieces out of a page; bounded, and in linear time."""

    def __init__(self) -> None:
        value = r"""(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
        before = r"""(?:^|[\s"'/])"""
        self._script = compile_pattern(r"<script\b([^>]*)>", ignore_case=True)
        self._inline = compile_pattern(r"<script\b[^>]*>(.*?)</script\b", ignore_case=True, dot_all=True)
        self._meta = compile_pattern(r"<meta\b([^>]*)>", ignore_case=True)
        self._src = compile_pattern(before + r"src\s*=\s*" + value, ignore_case=True)
        self._name = compile_pattern(before + r"(?:name|property)\s*=\s*" + value, ignore_case=True)
        self._content = compile_pattern(before + r"content\s*=\s*" + value, ignore_case=True)
        self._tag = compile_pattern(r"<script\b.*?(?:</script\b[^>]*>|\z)|<style\b.*?(?:</style\b[^>]*>|\z)|<[^>]*>",
                                    ignore_case=True, dot_all=True)  # fmt: skip

    def script_addresses(self, body: bytes) -> list[bytes]:
        """``src`` of scripts."""
        tags = islice(self._script.find_all(body), MOST_PIECES)
        return [value for tag in tags if (value := _attribute(self._src.search(tag.group(1) or b""))) is not None]

    def inline_scripts(self, body: bytes) -> list[bytes]:
        """What stands inside of scripts."""
        return [found.group(1) or b"" for found in islice(self._inline.find_all(body), MOST_PIECES)]

    def meta_tags(self, body: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Names and contents."""
        for tag in islice(self._meta.find_all(body), MOST_PIECES):
            inside = tag.group(1) or b""
            name, content = _attribute(self._name.search(inside)), _attribute(self._content.search(inside))
            if name is not None and content is not None:
                yield name, content

    def text(self, body: bytes) -> bytes:
        """What a reader of the page sees, tags left out."""
        kept, end = [], 0
        for tag in self._tag.find_all(body):
            kept.append(body[end : tag.start])
            end = tag.end
        return b" ".join((*kept, body[end:]))


def _attribute(match: Match | None) -> bytes | None:
    if match is None:
        return None
    value = next((value for number in (1, 2, 3) if (value := match.group(number)) is not None), b"")
    return (
        html.unescape(value.decode("utf-8", "surrogateescape")).encode("utf-8", "replace") if b"&" in value else value
    )


class _Seen:
    """What speaks for one technology."""

    def __init__(self) -> None:
        self.confidence = 0
        self.version = ""
        self.evidence: dict[str, None] = {}

    def add(self, confidence: int, version: str, evidence: str) -> None:
        self.confidence = min(self.confidence + confidence, _FULL)
        if len(version) > len(self.version):
            self.version = version
        self.evidence[evidence] = None


class Technologies:
    """A pack, ready to be held against answers.

    Args:
        pack: What is looked for.
    """

    def __init__(self, pack: TechnologyPack) -> None:
        self._pack = pack
        self._by_name = {each.name: each for each in pack.technologies}
        self._readers = _Readers()
        self._named: dict[tuple[str, str], list[tuple[Technology, TechPattern]]] = defaultdict(list)
        loose: dict[str, list[tuple[Technology, TechPattern]]] = defaultdict(list)
        for technology in pack.technologies:
            for pattern in technology.patterns:
                if pattern.feed in _NAMED:
                    self._named[pattern.feed, pattern.name].append((technology, pattern))
                elif pattern.pattern is not None:
                    loose[pattern.feed].append((technology, pattern))
        self._loose = {
            feed: (entries, LiteralSet([each.pattern.literals if each.pattern else () for _, each in entries]))
            for feed, entries in loose.items()
        }

    @property
    def reads_certificates(self) -> bool:
        """Whether some technology is told by who signed a certificate."""
        return "certIssuer" in self._loose

    def find(
        self, exchanges: Sequence[Exchange], base_url: str, certificates: Certificates = ()
    ) -> tuple[FoundTechnology, ...]:
        """All technologies that the front page, and what it redirected to, shows.

        Args:
            exchanges: Of one attempt, redirect hops included.
            base_url: Of the target.
            certificates: As sent; looked at only if ``reads_certificates``.

        Returns:
            By name; those that need others, or that others exclude, settled.
        """
        found: dict[str, _Seen] = defaultdict(_Seen)
        counted: set[int] = set()
        for exchange in _front_pages(exchanges):
            page = _Page(exchange, exchange.origin or base_url, self._readers, certificates)
            for technology, pattern, version in self._matches(page):
                about = f"{pattern.feed} {pattern.name}".strip()
                confidence = pattern.confidence if id(pattern) not in counted else 0
                counted.add(id(pattern))
                found[technology.name].add(confidence, version, about)
        return tuple(self._told(name, seen) for name, seen in sorted(self._settled(found).items()))

    def _matches(self, page: _Page) -> Iterator[tuple[Technology, TechPattern, str]]:
        for feed in ("headers", "cookies", "meta"):
            for name, values in page.named(feed).items():
                for technology, pattern in self._named.get((feed, name), ()):
                    yield from _tried(technology, pattern, values)
        for feed, (entries, literals) in self._loose.items():
            for text in page.texts(feed):
                for number in literals.candidates(text):
                    yield from _tried(*entries[number], [text])

    def _settled(self, found: dict[str, _Seen]) -> dict[str, _Seen]:
        """What was found with what comes with it, without what others exclude or what lacks what it requires."""
        kept = dict(found)
        while True:
            whole = self._with_implied(kept)
            known = [self._by_name[name] for name in whole if name in self._by_name]
            numbers = {number for each in known for number in each.categories}
            categories: set[int | str] = numbers | {self._pack.categories.get(number, "").lower() for number in numbers}
            excluded = {other for each in known for other in each.excludes}
            gone = [
                name for name in kept if name in excluded or not self._is_met(self._by_name[name], whole, categories)
            ]
            if not gone:
                return {name: seen for name, seen in whole.items() if name not in excluded}
            for name in gone:
                del kept[name]

    @staticmethod
    def _is_met(technology: Technology, found: Mapping[str, _Seen], categories: set[int | str]) -> bool:
        has_named = not technology.requires or not found.keys().isdisjoint(technology.requires)
        wanted = technology.requires_categories
        return has_named and (not wanted or not categories.isdisjoint(wanted))

    def _with_implied(self, found: Mapping[str, _Seen]) -> dict[str, _Seen]:
        """What comes with what was found, and what comes with that, beside it."""
        whole = dict(found)
        waiting = list(found)
        while waiting:
            name = waiting.pop()
            technology = self._by_name.get(name)
            for implied in technology.implies if technology else ():
                if implied.name not in whole:
                    waiting.append(implied.name)
                    whole[implied.name] = _Seen()
                    confidence = min(whole[name].confidence, implied.confidence)
                    version = "" if "\\" in implied.version else implied.version
                    whole[implied.name].add(confidence, version, f"implied by {name}")
        return whole

    def _told(self, name: str, seen: _Seen) -> FoundTechnology:
        technology = self._by_name.get(name)
        numbers = technology.categories if technology else ()
        role = next((_ROLES[number] for number in numbers if number in _ROLES), "application")
        return FoundTechnology(
            name=name,
            version=seen.version,
            confidence=seen.confidence,
            categories=tuple(self._pack.categories.get(number, str(number)) for number in numbers),
            role=role,
            cpe=technology.cpe if technology else "",
            evidence=tuple(seen.evidence),
        )


def software_of(found: FoundTechnology) -> Software:
    """A technology as a row of software; it never names the family of a server."""
    source = f"technology:{found.name}"
    return Software("", found.role, "", found.name, found.version, found.cpe, source, found.evidence[0])


def _front_pages(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """The answer to ``/`` and those to which it led."""
    pages: list[Exchange] = []
    ordinals: set[int] = set()
    for exchange in exchanges:
        is_root = exchange.request.purpose is Purpose.ROOT and exchange.parent is None
        if isinstance(exchange.outcome, Answered) and (is_root or exchange.parent in ordinals):
            ordinals.add(exchange.ordinal)
            pages.append(exchange)
    return pages


def _tried(
    technology: Technology, pattern: TechPattern, values: Sequence[bytes]
) -> Iterator[tuple[Technology, TechPattern, str]]:
    """One pattern on some values: once, with the version of the first value that it matches."""
    for value in values:
        if pattern.pattern is None:
            yield technology, pattern, ""
            return
        match = pattern.pattern.search(value)
        if match is not None:
            yield technology, pattern, version_of(pattern.version, match, pattern.pattern.group_count)
            return


def version_of(template: str, match: Match, group_count: int) -> str:
    r"""The version that a template gives: ``\1`` is a group, ``\1?a:b`` is ``a`` if the group holds something."""
    if not template:
        return ""

    def group(number: str) -> str:
        held = match.group(int(number)) if int(number) <= group_count else None
        return (held or b"").decode("utf-8", "replace")

    choice = _SLOT.search(template)
    if choice is not None:
        before, (number, yes, no) = template[: choice.start()], choice.groups()
        template = before + (yes if group(number) else no)
    told = _GROUP.sub(lambda slot: group(slot.group(1)), template).strip()
    return "".join(character for character in told if character.isprintable())[:_LONGEST_VERSION]
