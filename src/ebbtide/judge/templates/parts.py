"""The parts of an answer that matchers look at, each built once and only when it is asked for.

The names are those of nuclei: ``body``, ``header`` (also ``all_headers``: status line and fields), ``all`` (body, then
header), ``response`` (header, then body), ``status_code``, ``content_length``, each field by its name in lower case
with ``_`` for ``-``, and each cookie by its name. Ours is ``served_body``: the body without the templates that a page
hands to its own scripts.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter

from lxml import etree

from ebbtide.judge.templates.dsl.values import Variables
from ebbtide.judge.templates.operators import lower_case
from ebbtide.model.transcripts import Exchange
from ebbtide.patterns.regex import Pattern, compile_pattern

SERVED_BODY = "served_body"
HEADER_NAMES = frozenset({"header", "all_headers"})
BODY_PARTS = frozenset({"body", "all", "response", SERVED_BODY, "content_length"})
"""Parts that are incomplete when the body was cut."""

_NUMBERED = re.compile(r"(.+)_([1-9][0-9]{0,2})")
_FIRST = itemgetter(0)
_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Parts:
    """The parts of one exchange.

    Args:
        exchange: An answered exchange.
        template_scripts: Finds the templates inside a page; see ``template_script_pattern``.
        most_body_bytes: No more of the body is looked at.
        earlier: Answers to the earlier requests of the block, where its matchers see them; ``None`` for one that was
            not answered. ``body_2`` is then the body of the second, and what extractors took stays in sight.

    Attributes:
        taken: Names of the parts that extractors added.
        trees: Parts that were read as HTML or XML; ``None`` for what is neither.
        variables: What expressions see of the answer, once one was asked.
    """

    __slots__ = (
        "_ascii_lowered",
        "_body",
        "_built",
        "_cookies",
        "_earlier",
        "_fields",
        "_lowered",
        "_template_scripts",
        "exchange",
        "taken",
        "trees",
        "variables",
    )

    def __init__(
        self,
        exchange: Exchange,
        template_scripts: Pattern,
        most_body_bytes: int | None = None,
        earlier: "Sequence[Parts | None]" = (),
    ) -> None:
        self.exchange = exchange
        self._earlier = earlier
        self.taken: set[str] = set()
        self._body = exchange.body if most_body_bytes is None else exchange.body[:most_body_bytes]
        self._built: dict[str, bytes | None] = {"body": self._body}
        self._lowered: dict[str, bytes] = {}
        self._ascii_lowered: dict[str, bytes] = {}
        self._fields: dict[str, bytes] | None = None
        self._cookies: dict[str, bytes] | None = None
        self._template_scripts = template_scripts
        self.trees: dict[str, etree._Element | None] = {}
        self.variables: Variables | None = None

    def get(self, name: str) -> bytes | None:
        """A part; ``None`` if the answer has none of that name."""
        if name not in self._built:
            self._built[name] = self._build(name)
        return self._built[name]

    def lowered(self, name: str) -> bytes | None:
        """A part in lower case."""
        part = self.get(name)
        if part is None:
            return None
        if name not in self._lowered:
            self._lowered[name] = self.ascii_lowered(name) if part.isascii() else lower_case(part)
        return self._lowered[name]

    def ascii_lowered(self, name: str) -> bytes:
        """A part with its ASCII letters in lower case; empty if the answer has none of that name."""
        if name not in self._ascii_lowered:
            self._ascii_lowered[name] = (self.get(name) or b"").lower()
        return self._ascii_lowered[name]

    def put(self, name: str, value: bytes) -> None:
        """Add a part that an extractor found."""
        self.taken.add(name)
        self._built[name] = value
        self._lowered.pop(name, None)
        self._ascii_lowered.pop(name, None)

    def _build(self, name: str) -> bytes | None:
        if name in HEADER_NAMES:
            return self._header()
        match name:
            case "all":
                return self._body + self._header()
            case "response":
                return self._header() + self._body
            case "status_code":
                return self._status_code()
            case "content_length":
                return self._content_length()
        return self._without_template_scripts() if name == SERVED_BODY else self._value(name)

    def _value(self, name: str) -> bytes | None:
        value = self._named_value(name)
        return self._earlier_value(name) if value is None else value

    def source(self, name: str) -> "tuple[Parts, str]":
        """Whose part a name is, and what it is called there: ``body_2`` is the second answer's ``body``."""
        numbered = _NUMBERED.fullmatch(name)
        if numbered is not None:
            place = int(numbered.group(2)) - 1
            holder = self._earlier[place] if place < len(self._earlier) else self
            if holder is not None and place <= len(self._earlier):
                return holder, numbered.group(1)
        return self, name

    def _earlier_value(self, name: str) -> bytes | None:
        """A part by the number of its request; else what an extractor took of an earlier answer, the last one first."""
        holder, bare = self.source(name)
        if bare != name:
            return holder.get(bare)
        for each in reversed(self._earlier):
            if each is not None and name in each.taken:
                return each.get(name)
        return None

    def _status_code(self) -> bytes | None:
        status = self.exchange.status
        return None if status is None else b"%d" % status

    def _header(self) -> bytes:
        """Status line and fields as nuclei shows them: names in their usual spelling, sorted."""
        named = sorted([(usual_name(name), value) for name, value in self.exchange.fields], key=_FIRST)
        return b"\r\n".join([self.status_line(), *[b"%s: %s" % pair for pair in named]]) + b"\r\n\r\n"

    def status_line(self) -> bytes:
        """Of the answer, without its end."""
        exchange = self.exchange
        reason = b" " + exchange.reason if exchange.reason else b""
        return b"HTTP/%s %d%s" % (exchange.http_version.encode("ascii", "replace"), exchange.status or 0, reason)

    def unsorted(self) -> bytes:
        """All of the answer line by line: status line, fields as received, body, and the status line once more.

        Whatever stands within a line of ``header``, ``body``, ``all`` or ``response`` stands within a line of this,
        but for the spelling of fields' names.
        """
        first = self.status_line()
        fields = [b"%s: %s" % pair for pair in self.exchange.fields]
        return b"\r\n".join([first, *fields, b"", self._body]) + first

    def _content_length(self) -> bytes:
        values = self.exchange.field_values(b"content-length")
        if values and values[0].isdigit():
            return values[0]
        return b"%d" % (len(self._body) if self.exchange.is_body_kept else self.exchange.body_bytes)

    def _without_template_scripts(self) -> bytes:
        lowered = self.ascii_lowered("body")
        if b"<script" not in lowered or not (b"templ" in lowered or b"tmpl" in lowered):
            return self._body
        kept, end = [], 0
        for match in self._template_scripts.find_all(self._body):
            kept.append(self._body[end : match.start])
            end = match.end
        kept.append(self._body[end:])
        return b"".join(kept)

    def _named_value(self, name: str) -> bytes | None:
        """A field or cookie; a field wins over a cookie, and several of its values are joined with a space."""
        if self._fields is None:
            self._fields = _values_by_part(self.exchange.fields)
        if name in self._fields:
            return self._fields[name]
        if self._cookies is None:
            self._cookies = dict(map(_cookie, self.exchange.field_values(b"set-cookie")))
        return self._cookies.get(name)


def template_script_pattern() -> Pattern:
    """Finds ``<script type="text/...template...">`` blocks: the browser's templates, never run by the server.

    A block that is not closed runs to the page's end, as in a browser; so it does where the body was cut.
    """
    return compile_pattern(
        r"<script\b[^>]*\btype\s*=\s*[\"']?text/[^\"'\s>]*te?mpl[^>]*>.*?(?:</script\b[^>]*>|\z)",
        ignore_case=True,
        dot_all=True,
    )


@lru_cache(maxsize=4096)
def usual_name(name: bytes) -> bytes:
    """``x-powered-by`` as ``X-Powered-By``; a name that is no token stays as it is."""
    if not name or not _TOKEN.issuperset(name):
        return name
    return b"-".join(piece[:1].upper() + piece[1:].lower() for piece in name.split(b"-"))


def _values_by_part(fields: Iterable[tuple[bytes, bytes]]) -> dict[str, bytes]:
    named: dict[str, bytes] = {}
    for key, value in fields:
        name = _part_of_field(key)
        named[name] = b" ".join((named[name], value)) if name in named else value
    return named


@lru_cache(maxsize=4096)
def _part_of_field(name: bytes) -> str:
    return name.strip().lower().replace(b"-", b"_").decode("latin-1")


def _cookie(value: bytes) -> tuple[str, bytes]:
    name, _, rest = value.partition(b";")[0].partition(b"=")
    return name.strip().lower().decode("latin-1"), rest.strip().strip(b'"')
