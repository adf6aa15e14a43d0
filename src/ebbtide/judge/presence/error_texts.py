"""Answers that say in some language that there is nothing of that name, whatever status they come with."""

import functools
import html
import tomllib
from pathlib import Path

from ebbtide.model.transcripts import Exchange
from ebbtide.patterns.literals import LiteralSet
from ebbtide.patterns.required import Literal
from ebbtide.wire.charset import Charset, decode_text, find_charset, page_title

_FILE = Path(__file__).with_name("error_texts.toml")
_SHORT_BYTES = 240
_HEADING_BYTES = 1024
_SEARCHED_BYTES = 65_536
_NUMBER = "404"


class ErrorTexts:
    """Knows the phrases by which pages say that what was asked for is not there.

    Args:
        phrases: In lower case, in any language.
    """

    def __init__(self, phrases: tuple[str, ...]) -> None:
        self._phrases = LiteralSet([(Literal(phrase.encode(), ignore_case=False),) for phrase in phrases])

    def says_absent(self, exchange: Exchange) -> bool:
        """Whether an answer says that there is nothing of that name: in its title or first heading, or in few words."""
        charset = find_charset(exchange.body[:_SEARCHED_BYTES], exchange.field_values(b"content-type"))
        spoken = [page_title(exchange.body, charset), _first_heading(exchange.body[:_SEARCHED_BYTES], charset)]
        if len(exchange.body) <= _SHORT_BYTES:
            spoken.append(decode_text(exchange.body, charset))
        return any(map(self._is_apology, spoken[:2])) or any(map(self._has_phrase, spoken[2:]))

    def _is_apology(self, text: str) -> bool:
        return text.startswith(_NUMBER) or self._has_phrase(text)

    def _has_phrase(self, text: str) -> bool:
        return bool(self._phrases.occurring(" ".join(text.lower().split()).encode()))


@functools.cache
def error_texts() -> ErrorTexts:
    """The phrases that come with Ebbtide."""
    by_language = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return ErrorTexts(tuple(dict.fromkeys(phrase for phrases in by_language.values() for phrase in phrases)))


def _first_heading(body: bytes, charset: Charset) -> str:
    """Text of the first ``h1``, its own markup left out; empty if there is none."""
    octets = decode_text(body, charset).encode() if charset.name.startswith("utf-16") else body
    start = octets.lower().find(b"<h1")
    start = octets.find(b">", start) if start >= 0 else -1
    if start < 0:
        return ""
    held = octets[start + 1 : start + 1 + _HEADING_BYTES]
    end = held.lower().find(b"</h1")
    held = held if end < 0 else held[:end]
    plain = b"".join(piece.rpartition(b">")[2] for piece in held.split(b"<"))
    text = plain.decode("utf-8", "replace") if octets is not body else decode_text(plain, charset)
    return html.unescape(text).strip()
