"""Matchers and extractors out of a template's YAML."""

import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypedDict, TypeVar

from ebbtide.judge.templates.documents import QueryRefusal, check_program, check_query
from ebbtide.judge.templates.dsl.compiling import Expression, UnknownFunctionError
from ebbtide.judge.templates.dsl.reading import DslSyntaxError
from ebbtide.judge.templates.placeholders import fill_in, placeholders_in
from ebbtide.judge.templates.records import (
    DslExtractor,
    DslMatcher,
    Extractor,
    JsonExtractor,
    KvalExtractor,
    Matcher,
    RegexExtractor,
    RegexMatcher,
    SizeMatcher,
    StatusMatcher,
    WordMatcher,
    XPathExtractor,
    XPathMatcher,
)
from ebbtide.judge.templates.tree_reading import TableReader
from ebbtide.model.errors import PatternError
from ebbtide.patterns.regex import Pattern, compile_pattern

_OTHER_MATCHERS = frozenset({"json", "error", "llm"})
_OTHER_EXTRACTORS = frozenset({"llm"})
_NUMBERED = re.compile(r"_[1-9][0-9]{0,2}\Z")
_CONDITIONS = ("", "and", "or")
_MOST_STATUS = 999

_Value = TypeVar("_Value")


class _Usual(TypedDict):
    """What every matcher may say."""

    is_negative: bool
    name: str


class Names(NamedTuple):
    """What may stand in double braces in words.

    Attributes:
        variables: Of the template.
        parameters: From the check and the operator; their values are taken as they stand.
        later: Names whose values are known only at a target, or of one request.
    """

    variables: Mapping[str, str]
    parameters: Mapping[str, str]
    later: frozenset[str]


class UnsupportedSink(Protocol):
    """Takes the name of a feature that this release cannot do."""

    def __call__(self, feature: str, /) -> None:
        """Note the feature."""
        ...


def read_matchers(
    readers: Sequence[TableReader],
    names: Names,
    unsupported: UnsupportedSink,
) -> tuple[Matcher, ...]:
    """Read the matchers of one block; those that we cannot do are noted and left out.

    Args:
        readers: One for each matcher.
        names: What may stand in double braces in words.
        unsupported: Is told of each feature that is missing here.

    Raises:
        CheckError: A matcher is no matcher of the format at all.
    """
    found = (_read_matcher(reader, names, unsupported) for reader in readers)
    return tuple(matcher for matcher in found if matcher is not None)


def read_extractors(readers: Sequence[TableReader], unsupported: UnsupportedSink) -> tuple[Extractor, ...]:
    """Read the extractors of one block; those that we cannot do are noted and left out.

    Raises:
        CheckError: An extractor is no extractor of the format at all.
    """
    return tuple(found for reader in readers if (found := _read_extractor(reader, unsupported)) is not None)


def read_condition(reader: TableReader, key: str) -> bool:
    """True for ``and``; any is the format's default.

    Raises:
        CheckError: It is neither ``and`` nor ``or``.
    """
    condition = reader.text(key, "")
    if condition not in _CONDITIONS:
        reader.fail(key, "must be and, or or.")
    return condition == "and"


def names_asked(matchers: Sequence[Matcher], extractors: Sequence[Extractor]) -> frozenset[str]:
    """All names for which matchers and extractors ask: parts, variables, and what stands in double braces."""
    asked = {each.part for each in matchers if not isinstance(each, StatusMatcher | DslMatcher)}
    asked.update(name for each in matchers if isinstance(each, DslMatcher) for name in each.names)
    for each in extractors:
        if isinstance(each, DslExtractor):
            asked.update(name for expression in each.expressions for name in expression.names)
        elif not isinstance(each, KvalExtractor):
            asked.add(each.part)
    words = (
        word for each in matchers if isinstance(each, WordMatcher) and each.has_placeholders for word in each.words
    )
    asked.update(name for word in words for name in placeholders_in(word.decode("utf-8", "surrogateescape")))
    return frozenset(asked)


def looks_back(matchers: Sequence[Matcher], extractors: Sequence[Extractor]) -> bool:
    """Whether something asks for a part of an answer by the number of its request."""
    return any(map(_NUMBERED.search, names_asked(matchers, extractors)))


def _read_matcher(reader: TableReader, names: Names, unsupported: UnsupportedSink) -> Matcher | None:
    kind = reader.text("type")
    if kind in _OTHER_MATCHERS:
        unsupported(kind)
        return None
    readers: dict[str, Callable[[], Matcher]] = {
        "word": lambda: _word_matcher(reader, names, unsupported),
        "status": lambda: _status_matcher(reader),
        "regex": lambda: _regex_matcher(reader),
        "binary": lambda: _binary_matcher(reader),
        "size": lambda: SizeMatcher(_part(reader), _needed(reader, "size", reader.numbers("size")), **_usual(reader)),
        "xpath": lambda: XPathMatcher(
            _part(reader), _queries(reader, unsupported), read_condition(reader, "condition"), **_usual(reader)
        ),
        "dsl": lambda: _dsl_matcher(reader, unsupported),
    }
    if kind not in readers:
        reader.fail("type", "must be word, status, regex, binary, size, xpath or dsl.")
    for key in ("match-all", "internal"):
        reader.truth(key)
    if "offset" in reader:
        unsupported("offset")
    reader.only(
        "type", "part", "name", "condition", "negative", "case-insensitive", "encoding", "words", "status", "regex",
        "match-all", "internal", "offset", "binary", "size", "xpath", "dsl",
    )  # fmt: skip
    if kind != "word" and reader.truth("case-insensitive"):
        reader.fail("case-insensitive", "is for words only; write (?i) in the pattern.")
    return readers[kind]()


def _word_matcher(reader: TableReader, names: Names, unsupported: UnsupportedSink) -> WordMatcher:
    words = _needed(reader, "words", reader.texts("words"))
    ignores_case = reader.truth("case-insensitive")
    encoding = reader.text("encoding", "")
    if encoding not in {"", "hex"}:
        reader.fail("encoding", "must be hex.")
    varied = [fill_in(word, names.variables) for word in words]
    asked = {name for word in varied for name in placeholders_in(word)} - set(names.parameters)
    if asked - names.later:
        unsupported("placeholder in a word")
    filled = [fill_in(word, names.parameters) for word in varied]
    encoded = [_unhexed(word) if encoding else word.encode() for word in filled]
    return WordMatcher(
        part=_part(reader),
        words=tuple(lower_case(word) if ignores_case else word for word in encoded),
        wants_all=read_condition(reader, "condition"),
        is_negative=reader.truth("negative"),
        ignores_case=ignores_case,
        has_placeholders=bool(asked),
        name=reader.text("name", ""),
    )


def _status_matcher(reader: TableReader) -> StatusMatcher:
    codes = _needed(reader, "status", reader.numbers("status"))
    if max(codes) > _MOST_STATUS:
        reader.fail("status", "must be status codes.")
    read_condition(reader, "condition")
    return StatusMatcher(codes, is_negative=reader.truth("negative"), name=reader.text("name", ""))


def _usual(reader: TableReader) -> _Usual:
    """What every matcher may say."""
    return {"is_negative": reader.truth("negative"), "name": reader.text("name", "")}


def _binary_matcher(reader: TableReader) -> WordMatcher:
    words = tuple(map(_unhexed, _needed(reader, "binary", reader.texts("binary"))))
    return WordMatcher(_part(reader), words, read_condition(reader, "condition"), **_usual(reader))


def _dsl_matcher(reader: TableReader, unsupported: UnsupportedSink) -> DslMatcher:
    expressions = _expressions(reader, unsupported)
    names = frozenset(name for each in expressions for name in each.names)
    return DslMatcher(expressions, names, read_condition(reader, "condition"), **_usual(reader))


def _expressions(reader: TableReader, unsupported: UnsupportedSink) -> tuple[Expression, ...]:
    """The expressions that stand under ``dsl``; a function that is lacking is named."""
    found = []
    for text in _needed(reader, "dsl", reader.texts("dsl")):
        try:
            expression = Expression(text)
        except DslSyntaxError as error:
            reader.fail("dsl", f"holds no expression: {error}.")
        except UnknownFunctionError as error:
            for name in error.names:
                unsupported(f"function {name}")
            continue
        found.append(expression)
    return tuple(found)


def _queries(reader: TableReader, unsupported: UnsupportedSink) -> tuple[str, ...]:
    return _checked(reader, "xpath", check_query, unsupported)


def _programs(reader: TableReader, unsupported: UnsupportedSink) -> tuple[str, ...]:
    return _checked(reader, "json", check_program, unsupported)


def _checked(
    reader: TableReader, key: str, check: Callable[[str], object], unsupported: UnsupportedSink
) -> tuple[str, ...]:
    """Queries that are run; why one is not is told."""
    queries = _needed(reader, key, reader.texts(key))
    for query in queries:
        try:
            check(query)
        except QueryRefusal as refusal:
            unsupported(f"{key}: {refusal}")
    return queries


def _regex_matcher(reader: TableReader) -> RegexMatcher:
    return RegexMatcher(
        part=_part(reader),
        patterns=_patterns(reader),
        wants_all=read_condition(reader, "condition"),
        is_negative=reader.truth("negative"),
        name=reader.text("name", ""),
    )


def _read_extractor(reader: TableReader, unsupported: UnsupportedSink) -> Extractor | None:
    kind = reader.text("type")
    if kind in _OTHER_EXTRACTORS:
        unsupported(f"{kind} extractor")
        return None
    reader.only(
        "type", "name", "part", "regex", "group", "kval", "case-insensitive", "internal", "json", "xpath", "attribute",
        "dsl",
    )  # fmt: skip
    name, is_internal = reader.text("name", ""), reader.truth("internal")
    part = _part(reader)
    if kind == "kval":
        return KvalExtractor(
            _needed(reader, "kval", reader.texts("kval")), reader.truth("case-insensitive"), name, is_internal
        )
    if kind == "regex":
        return RegexExtractor(part, _patterns(reader), reader.number("group", 0), name, is_internal)
    if kind == "json":
        return JsonExtractor(part, _programs(reader, unsupported), name, is_internal)
    if kind == "xpath":
        return XPathExtractor(part, _queries(reader, unsupported), reader.text("attribute", ""), name, is_internal)
    if kind != "dsl":
        reader.fail("type", "must be regex, kval, json, xpath or dsl.")
    return DslExtractor(_expressions(reader, unsupported), name, is_internal)


def _part(reader: TableReader) -> str:
    return reader.text("part", "") or "body"


def _needed(reader: TableReader, key: str, values: tuple[_Value, ...]) -> tuple[_Value, ...]:
    if not values:
        reader.fail(key, "must not be empty.")
    return values


def _patterns(reader: TableReader) -> tuple[Pattern, ...]:
    sources = _needed(reader, "regex", reader.texts("regex"))
    try:
        return tuple(compile_pattern(source) for source in sources)
    except PatternError as error:
        reader.fail("regex", f"cannot be used: {error.what}")


def _unhexed(word: str) -> bytes:
    """Bytes of hexadecimal digits; a word that is none is looked for as it stands, as nuclei does."""
    try:
        return binascii.unhexlify(word) or word.encode()
    except ValueError:
        return word.encode()


def lower_case(data: bytes) -> bytes:
    """Lower case of ASCII, and of other letters where the bytes are UTF-8."""
    if data.isascii():
        return data.lower()
    return data.decode("utf-8", "surrogateescape").lower().encode("utf-8", "surrogateescape")
