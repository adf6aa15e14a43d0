"""Functions that say yes or no."""

from collections.abc import Callable, Iterable

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.functions.texts import pattern_of
from ebbtide.judge.templates.dsl.values import DslError, Value, as_text

_TRUE = frozenset({b"1", b"t", b"T", b"TRUE", b"true", b"True"})
_FALSE = frozenset({b"0", b"f", b"F", b"FALSE", b"false", b"False"})

Test = Callable[[bytes, bytes], bool]


def _of_any(test: Test, *, least: int = 2) -> Function:
    """Whether a text passes with any of the words behind it."""

    def ask(arguments: Arguments) -> Value:
        text, *words = map(as_text, arguments)
        return any(test(text, word) for word in words)

    return takes(least, -1)(ask)


def _of_all(test: Test) -> Function:
    def ask(arguments: Arguments) -> Value:
        text, *words = map(as_text, arguments)
        return all(test(text, word) for word in words)

    return takes(2, -1)(ask)


def _of_lines(test: Test) -> Function:
    def ask(arguments: Arguments) -> Value:
        text, *words = map(as_text, arguments)
        return any(test(line, word) for line in text.split(b"\n") for word in words)

    return takes(2, -1)(ask)


def _of_patterns(decide: Callable[[Iterable[bool]], bool]) -> Function:
    """The text stands last, the patterns before it."""

    def ask(arguments: Arguments) -> Value:
        *sources, text = map(as_text, arguments)
        return decide(pattern_of(source).matches(text) for source in sources)

    return takes(2, -1)(ask)


@takes(1)
def _to_bool(arguments: Arguments) -> Value:
    value = arguments[0]
    if isinstance(value, bool):
        return value
    text = as_text(value)
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise DslError("the value is neither true nor false")


def _contains(text: bytes, word: bytes) -> bool:
    return word in text


def _equals(text: bytes, word: bytes) -> bool:
    return text == word


QUESTIONS: dict[str, Function] = {
    "contains": takes(2)(_of_any(_contains)),
    "contains_any": _of_any(_contains),
    "contains_all": _of_all(_contains),
    "starts_with": _of_any(bytes.startswith),
    "ends_with": _of_any(bytes.endswith),
    "line_starts_with": _of_lines(bytes.startswith),
    "line_ends_with": _of_lines(bytes.endswith),
    "equals_any": _of_any(_equals),
    "regex": takes(2)(_of_patterns(any)),
    "regex_any": _of_patterns(any),
    "regex_all": _of_patterns(all),
    "to_bool": _to_bool,
}
