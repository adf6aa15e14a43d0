"""Reads a Server field (RFC 9110, 10.2.4) as servers really write it: products, their versions, what stands behind."""

import msgspec

from ebbtide.judge.software.slugs import slug
from ebbtide.patterns.text import normalise_text

MOST_BYTES = 1024
"""More of a value than this names no software."""

MOST_PRODUCTS = 16

_LONGEST_WORD = 80
_SHORTEST_NAME = 3
_NAMES_NOTHING = frozenset(
    {
        "anonymous",
        "closed",
        "confidential",
        "default",
        "empty",
        "hidden",
        "http",
        "https",
        "httpserver",
        "masked",
        "my",
        "myserver",
        "n-a",
        "na",
        "nil",
        "no",
        "none",
        "nothing",
        "null",
        "private",
        "protected",
        "redacted",
        "removed",
        "secret",
        "secure",
        "secured",
        "server",
        "site",
        "the",
        "unavailable",
        "undefined",
        "undisclosed",
        "unknown",
        "unspecified",
        "web",
        "web-server",
        "webserver",
        "website-server",
        "www",
        "www-server",
        "your",
    }
)


class Product(msgspec.Struct, frozen=True):
    """A name and its version; empty if none was given."""

    name: str
    version: str


class Banner(msgspec.Struct, frozen=True):
    """A Server field, read.

    Attributes:
        first: The product that stands first; ``None`` if the field names none, as ``Secured`` or ``-``.
        others: Products with a version that stand behind it.
        remainder: All that stands behind the first word, comments included.
    """

    first: Product | None
    others: tuple[Product, ...]
    remainder: str


def read_banner(value: bytes) -> Banner:
    """Read a Server field.

    Args:
        value: As received; no bytes at all can make this fail.
    """
    text = printable(value)
    words = _outside_comments(text).replace(",", " ").split()[:MOST_PRODUCTS]
    _, _, remainder = text.strip().partition(" ")
    products = [_product(word) for word in words if not _names_nothing(word)]
    if not products:
        return Banner(None, (), remainder.strip())
    others = tuple(product for product in products[1:] if _is_further_product(product))
    return Banner(products[0], others, remainder.strip())


def printable(value: bytes) -> str:
    """Bytes as one line of text that can be shown; cut after ``MOST_BYTES``."""
    text = normalise_text(value[:MOST_BYTES]).decode("utf-8")
    return "".join(character if character.isprintable() else " " for character in text)


def _outside_comments(text: str) -> str:
    """The text without its comments, which stand in parentheses and may nest."""
    kept: list[str] = []
    depth = 0
    for character in text:
        if character == "(":
            depth += 1
            kept.append(" ")
        elif character == ")":
            depth = max(depth - 1, 0)
        elif not depth:
            kept.append(character)
    return "".join(kept)


def _names_nothing(word: str) -> bool:
    """Whether a word names no product: a mask, or no letter at all."""
    name = slug(word.partition("/")[0])
    is_filler = set(name) <= {"x", "-"}
    return (
        not _NAMES_NOTHING.isdisjoint((name, slug(word)))
        or is_filler
        or not any(character.isalpha() for character in name)
    )


def _product(word: str) -> Product:
    """A word as name and version."""
    name, _, version = word.partition("/")
    return Product(name[:_LONGEST_WORD], version[:_LONGEST_WORD])


def _is_further_product(product: Product) -> bool:
    """Behind the first product only a name with a number counts, not every word."""
    return len(product.name) >= _SHORTEST_NAME and product.version[:1].isdigit()
