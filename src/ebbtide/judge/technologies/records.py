"""A technology, the patterns that show it, and what was found: frozen records."""

import msgspec

from ebbtide.patterns.regex import Pattern

FEEDS = ("headers", "cookies", "meta", "scriptSrc", "scripts", "html", "text", "url", "certIssuer")
"""Keys of the format that a stored answer can feed."""

NOT_FED = ("js", "dom", "xhr", "dns", "css", "robots", "probe")
"""Keys that need a browser, or more requests than a survey sends."""


class TechPattern(msgspec.Struct, frozen=True):
    r"""One pattern of a technology.

    Attributes:
        feed: One of ``FEEDS``.
        name: Of the header, cookie or meta tag, in lower case; empty for the other feeds.
        pattern: What is looked for; ``None`` if it is enough that there is something of that name.
        version: What makes the version, with ``\1`` for groups and ``\1?a:b`` for a choice; empty for none.
        confidence: In percent.
    """

    feed: str
    name: str
    pattern: Pattern | None
    version: str
    confidence: int


class Implied(msgspec.Struct, frozen=True):
    """Another technology that comes with one."""

    name: str
    version: str
    confidence: int


class Technology(msgspec.Struct, frozen=True):
    """One technology.

    Attributes:
        categories: Numbers of its categories.
        requires: It counts only beside one of these.
        requires_categories: It counts only beside one of these categories: numbers, or names in lower case.
        excludes: These do not count beside it.
        not_fed: Keys by which it could be told, but not from a stored answer.
    """

    name: str
    categories: tuple[int, ...]
    website: str
    cpe: str
    patterns: tuple[TechPattern, ...]
    implies: tuple[Implied, ...]
    requires: tuple[str, ...]
    requires_categories: tuple[int | str, ...]
    excludes: tuple[str, ...]
    not_fed: tuple[str, ...]


class RefusedPattern(msgspec.Struct, frozen=True):
    """A pattern that is not run; the rest of its technology is.

    Attributes:
        key: Where it stands; empty if the whole technology is refused.
    """

    technology: str
    key: str
    pattern: str
    reason: str


class TechnologyPack(msgspec.Struct, frozen=True):
    """All technologies of a file or folder.

    Attributes:
        licence: As a file beside them says; empty if none does.
        version: Hash of the files, 16 hexadecimal digits.
        categories: Their names by number.
    """

    technologies: tuple[Technology, ...]
    refused: tuple[RefusedPattern, ...]
    categories: dict[int, str]
    licence: str
    version: str


class FoundTechnology(msgspec.Struct, frozen=True):
    """What was found at one target.

    Attributes:
        confidence: In percent, at most 100.
        evidence: Feeds that spoke, with the name of the header, cookie or tag; ``implied by`` another.
    """

    name: str
    version: str
    confidence: int
    categories: tuple[str, ...]
    role: str
    cpe: str
    evidence: tuple[str, ...]
