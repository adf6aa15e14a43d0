"""Functions that make text of text."""

import json
from collections.abc import Callable
from functools import lru_cache

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.values import MOST_BYTES, DslError, Value, as_list, as_text, as_whole, bounded
from ebbtide.model.errors import PatternError
from ebbtide.patterns.regex import Pattern, compile_pattern

_MOST_PATTERNS = 1024


@lru_cache(maxsize=_MOST_PATTERNS)
def pattern_of(source: bytes) -> Pattern:
    """A pattern, compiled once.

    Raises:
        DslError: It is none that RE2 takes.
    """
    try:
        return compile_pattern(source.decode("utf-8", "replace"))
    except PatternError as error:
        raise DslError(str(error)) from error


def as_characters(text: bytes) -> str:
    """Octets as characters; what is no UTF-8 stays what it is."""
    return text.decode("utf-8", "surrogateescape")


def as_octets(text: str) -> bytes:
    """The way back."""
    return text.encode("utf-8", "surrogateescape")


def _by_characters(change: Callable[[str], str]) -> Function:
    return takes(1)(lambda arguments: as_octets(change(as_characters(as_text(arguments[0])))))


def _title(text: str) -> str:
    """The first letter of each word large, the others small."""
    out, is_inside = [], False
    for character in text:
        is_letter = character.isalnum() or character in "'_"
        out.append((character.lower() if is_inside else character.title()) if is_letter else character)
        is_inside = is_letter
    return "".join(out)


@takes(1, 2)
def _repeat(arguments: Arguments) -> Value:
    text, count = as_text(arguments[0]), as_whole(arguments[1]) if len(arguments) > 1 else 1
    if count < 0 or len(text) * count > MOST_BYTES:
        raise DslError(f"a text is not repeated {count} times")
    return text * count


@takes(3)
def _replace(arguments: Arguments) -> Value:
    text, old, new = map(as_text, arguments)
    if len(new) > len(old) and text.count(old) * len(new) > MOST_BYTES:
        raise DslError("the text would grow too long")
    return text.replace(old, new)


@takes(3)
def _replace_regex(arguments: Arguments) -> Value:
    text, source, new = map(as_text, arguments)
    out: list[bytes] = []
    done = size = 0
    for match in pattern_of(source).find_all(text):
        start, end = match.span()
        out += (text[done:start], new)
        done = end
        size += len(new)
        if size > MOST_BYTES:
            raise DslError("the text would grow too long")
    return bounded(b"".join((*out, text[done:])))


@takes(2, 3)
def _substr(arguments: Arguments) -> Value:
    text, start = as_text(arguments[0]), as_whole(arguments[1])
    end = as_whole(arguments[2]) if len(arguments) > 2 else len(text)  # noqa: PLR2004  # the third is the end
    start, end = (start if start >= 0 else len(text) + start), (end if end >= 0 else len(text) + end)
    if not 0 <= start <= end <= len(text):
        raise DslError(f"a text of {len(text)} octets has no part from {start} to {end}")
    return text[start:end]


@takes(4)
def _padding(arguments: Arguments) -> Value:
    text, filling, wanted, side = as_text(arguments[0]), as_text(arguments[1]), as_whole(arguments[2]), arguments[3]
    if not filling or not 0 <= wanted <= MOST_BYTES:
        raise DslError("nothing to pad with, or too much of it")
    missing = max(0, wanted - len(text))
    pad = (filling * (missing // len(filling) + 1))[:missing]
    if side not in (b"prefix", b"suffix"):
        raise DslError("the side is prefix or suffix")
    return pad + text if side == b"prefix" else text + pad


@takes(2)
def _remove_bad_chars(arguments: Arguments) -> Value:
    bad = set(as_characters(as_text(arguments[1])))
    return as_octets("".join(each for each in as_characters(as_text(arguments[0])) if each not in bad))


def _compact(*, is_pretty: bool) -> Function:
    def change(arguments: Arguments) -> Value:
        try:
            read = json.loads(as_text(arguments[0]))
        except (ValueError, RecursionError) as error:
            raise DslError("the text is no JSON") from error
        made = json.dumps(read, ensure_ascii=False, indent=4) if is_pretty else _minified(read)
        return bounded(as_octets(made))

    return takes(1)(change)


def _minified(read: object) -> str:
    return json.dumps(read, ensure_ascii=False, separators=(",", ":"))


def _concat(arguments: Arguments) -> Value:
    return bounded(b"".join(map(as_text, arguments)))


@takes(2, -1)
def _join(arguments: Arguments) -> Value:
    items = [each for argument in arguments[1:] for each in as_list(argument)]
    return bounded(as_text(arguments[0]).join(map(as_text, items)))


@takes(1)
def _reverse(arguments: Arguments) -> Value:
    return as_octets(as_characters(as_text(arguments[0]))[::-1])


def _stripped(strip: Callable[[bytes, bytes], bytes]) -> Function:
    return takes(2)(lambda arguments: strip(as_text(arguments[0]), as_text(arguments[1])))


def _stripped_characters(side: str) -> Function:
    """Characters are stripped, not octets: a part of one is never left over."""

    def strip(arguments: Arguments) -> Value:
        text, characters = (as_characters(as_text(each)) for each in arguments)
        return as_octets(getattr(text, side)(characters) if characters else text)

    return takes(2)(strip)


_upper, _lower = _by_characters(str.upper), _by_characters(str.lower)

TEXTS: dict[str, Function] = {
    "to_upper": _upper,
    "toupper": _upper,
    "to_lower": _lower,
    "tolower": _lower,
    "to_title": _by_characters(_title),
    "trim": _stripped_characters("strip"),
    "trim_left": _stripped_characters("lstrip"),
    "trim_right": _stripped_characters("rstrip"),
    "trim_space": takes(1)(lambda arguments: as_octets(as_characters(as_text(arguments[0])).strip())),
    "trim_prefix": _stripped(bytes.removeprefix),
    "trim_suffix": _stripped(bytes.removesuffix),
    "reverse": _reverse,
    "repeat": _repeat,
    "replace": _replace,
    "replace_regex": _replace_regex,
    "substr": _substr,
    "padding": _padding,
    "remove_bad_chars": _remove_bad_chars,
    "json_minify": _compact(is_pretty=False),
    "json_prettify": _compact(is_pretty=True),
    "concat": _concat,
    "join": _join,
}
