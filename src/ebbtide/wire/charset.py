"""Which character encoding a body is in (WHATWG HTML, 13.2.3.2; Encoding), and its text for people.

Records keep octets, and judges match octets. What is shown to a person, or must be matched as characters, passes here.
"""

import html
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec
import webencodings

PRESCAN_BYTES = 1024
_MOST_TITLE_BYTES = 2048
_MOST_TITLE_CHARACTERS = 200
_MOST_LABEL_CHARACTERS = 64
_SPACE = b"\t\n\f\r "
_META = tuple(b"<meta" + bytes([octet]) for octet in _SPACE + b"/")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_IN_META = {"utf-16be": "utf-8", "utf-16le": "utf-8", "x-user-defined": "windows-1252"}
"""A meta element in octets that can be read as ASCII cannot mean these."""


class CharsetSource(StrEnum):
    """What told the encoding."""

    BYTE_ORDER_MARK = "byte_order_mark"
    CONTENT_TYPE = "content_type"
    META = "meta"
    DEFAULT = "default"


class Charset(msgspec.Struct, frozen=True):
    """The encoding of a body.

    Attributes:
        name: As the Encoding standard names it, in lower case, for example ``windows-1251``.
        unknown_label: The first label that names no encoding and was passed over; empty if there was none.
    """

    name: str
    source: CharsetSource
    unknown_label: str = ""


def find_charset(body: bytes, content_types: Sequence[bytes] = ()) -> Charset:
    """Say which encoding a body is in; no octets are too odd for an answer.

    Args:
        body: Decoded body, or its beginning.
        content_types: Values of the field Content-Type; the first that names a charset is heard.

    Returns:
        By a byte order mark, else by Content-Type, else by ``meta`` within the first 1024 octets, else UTF-8 where the
        body is valid UTF-8 and windows-1252 where it is not.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return Charset(name, CharsetSource.BYTE_ORDER_MARK)
    unknown = ""
    told = next(filter(None, map(_parameter, content_types)), b"")
    in_meta = _label_in_meta(body[:PRESCAN_BYTES].lower())
    for label, source in ((told, CharsetSource.CONTENT_TYPE), (in_meta, CharsetSource.META)):
        encoding = webencodings.lookup(label.decode("ascii", "replace")) if label else None
        if encoding is not None:
            name = _IN_META.get(encoding.name, encoding.name) if source is CharsetSource.META else encoding.name
            return Charset(name, source, unknown)
        unknown = unknown or label[:_MOST_LABEL_CHARACTERS].decode("latin-1")
    return Charset("utf-8" if _is_utf_8(body) else "windows-1252", CharsetSource.DEFAULT, unknown)


def decode_text(octets: bytes, charset: Charset) -> str:
    """Text of octets in an encoding; what is no character becomes U+FFFD, and a byte order mark is left out."""
    encoding = webencodings.lookup(charset.name)
    if encoding is None:
        raise ValueError(f"{charset.name} is no encoding of the Encoding standard")
    return encoding.codec_info.decode(octets, "replace")[0].removeprefix("\ufeff")


def page_title(body: bytes, charset: Charset) -> str:
    """Text of the first ``title`` element, white space collapsed, at most 200 characters; empty if there is none."""
    text = decode_text(body, charset) if charset.name.startswith("utf-16") else ""
    octets = text.encode() if text else body
    start = octets.lower().find(b"<title")
    start = octets.find(b">", start) if start >= 0 else -1
    if start < 0:
        return ""
    held = octets[start + 1 : start + 1 + _MOST_TITLE_BYTES]
    end = held.lower().find(b"</title")
    held = held if end < 0 else held[:end]
    shown = held.decode("utf-8", "replace") if text else decode_text(held, charset)
    return " ".join(html.unescape(shown).split())[:_MOST_TITLE_CHARACTERS]


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that a cap has cut in half is no sign against it, where others stand whole before it.
        return error.reason == "unexpected end of data" and not body[: error.start].isascii()
    return True


def _parameter(value: bytes) -> bytes:
    """The label after ``charset=`` in a Content-Type or in the content of a meta element."""
    lower = value.lower()
    at = 0
    while (at := lower.find(b"charset", at)) >= 0:
        at += len(b"charset")
        rest = value[at:].lstrip(_SPACE)
        if not rest.startswith(b"="):
            continue
        rest = rest[1:].lstrip(_SPACE)
        quote = rest[:1]
        if quote in (b'"', b"'"):
            label, closing, _ = rest[1:].partition(quote)
            return label if closing else b""
        words = rest.replace(b";", b" ").split(maxsplit=1)
        return words[0] if words else b""
    return b""


def _label_in_meta(head: bytes) -> bytes:
    """The prescan of a byte stream: the first ``meta`` that names an encoding. ``head`` is in lower case."""
    at = 0
    while (at := head.find(b"<", at)) >= 0:
        if head.startswith(b"<!--", at):
            end = head.find(b"-->", at + 2)
            at = end + 3 if end >= 0 else len(head)
        elif head.startswith(_META, at):
            attributes, at = _attributes(head, at + 5)
            if label := _meta_label(attributes):
                return label
        elif head[at + 1 : at + 2].isalpha() or (head.startswith(b"</", at) and head[at + 2 : at + 3].isalpha()):
            while at < len(head) and head[at] not in _SPACE + b">":
                at += 1
            _, at = _attributes(head, at)
        elif head.startswith((b"<!", b"</", b"<?"), at):
            end = head.find(b">", at)
            at = end + 1 if end >= 0 else len(head)
        else:
            at += 1
    return b""


def _meta_label(attributes: Mapping[bytes, bytes]) -> bytes:
    if label := attributes.get(b"charset", b""):
        return label
    return _parameter(attributes.get(b"content", b"")) if attributes.get(b"http-equiv") == b"content-type" else b""


def _attributes(head: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    """All attributes of a tag, the first of a name, and where the tag ends."""
    found: dict[bytes, bytes] = {}
    while True:
        while at < len(head) and head[at] in _SPACE + b"/":
            at += 1
        if at >= len(head) or head[at] in b">":
            return found, at
        name, at = _until(head, at + (head[at] in b"="), _SPACE + b"/>=")
        while at < len(head) and head[at] in _SPACE:
            at += 1
        value = b""
        if head[at : at + 1] == b"=":
            value, at = _value(head, at + 1)
        found.setdefault(name, value)


def _value(head: bytes, at: int) -> tuple[bytes, int]:
    while at < len(head) and head[at] in _SPACE:
        at += 1
    quote = head[at : at + 1]
    if quote in (b'"', b"'"):
        value, at = _until(head, at + 1, quote)
        return value, at + 1
    return _until(head, at, _SPACE + b">")


def _until(head: bytes, at: int, stops: bytes) -> tuple[bytes, int]:
    start = at
    while at < len(head) and head[at] not in stops:
        at += 1
    return head[start:at], at
