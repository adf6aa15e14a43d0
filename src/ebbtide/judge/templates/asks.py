"""The requests of one block: its paths and its written-out requests, with every combination of its payloads."""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ebbtide.judge.templates.notes import Notes
from ebbtide.judge.templates.placeholders import TARGET_NAMES, path_without_address, placeholders_in
from ebbtide.judge.templates.records import Ask
from ebbtide.judge.templates.refusals import OWN_FIELDS, field_refusals, method_refusals, path_refusals
from ebbtide.judge.templates.settings import MOST_COMBINATIONS, Settings, resolve
from ebbtide.judge.templates.tree_reading import TableReader
from ebbtide.model.transcripts import Method

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_MOST_FIELDS = 10
_MOST_FIELD_CHARACTERS = 500
_STANDS_FOR_ITSELF = ("/", "{{BaseURL", "{{RootURL", "{{Scheme")
_VERSION = re.compile(r"\s+HTTP/[0-9.]+\s*\Z")
_HARMLESS_MARKS = ("@timeout", "@once", "@note")


class _Written(msgspec.Struct, frozen=True):
    """A request as it stands in the template, its placeholders not filled in.

    Attributes:
        is_bare: It is written out whole, and its path may lack the slash in front.
    """

    method: str
    path: str
    fields: tuple[tuple[str, str], ...]
    is_bare: bool = False


def read_asks(
    block: TableReader,
    variables: Mapping[str, str],
    combinations: Sequence[Settings],
    taken: frozenset[str],
    notes: Notes,
) -> tuple[Ask, ...]:
    """All requests of a block, in the order in which they are sent.

    Args:
        block: The block.
        variables: Of the template.
        combinations: Of its payloads, at least the empty one.
        taken: Names under which extractors keep what a target said: no request may hold them.
        notes: Is told why the template is not run.

    Raises:
        CheckError: A path or a request is none.
    """
    method = block.text("method", "GET").upper()
    fields = block.pairs("headers")
    written = [_Written(method, path, fields) for path in block.texts("path")]
    written += [_raw(raw, notes) for raw in block.texts("raw")]
    found = [ask for each in written for ask in _filled(each, variables, combinations, taken, notes)]
    if len(found) > MOST_COMBINATIONS:
        notes.forbid(["too-many-requests"])
    return tuple(found[:MOST_COMBINATIONS])


def _raw(text: str, notes: Notes) -> _Written:
    """A request that is written out whole; what is odd about it is noted."""
    lines = text.replace("\r\n", "\n").lstrip("\n").split("\n")
    while lines and lines[0].lstrip().startswith("@"):
        mark = lines.pop(0).strip().lower()
        if mark.startswith("@host"):
            notes.forbid(["foreign-host"])
        elif not mark.startswith(_HARMLESS_MARKS):
            notes.unsupported("mark in a raw request")
    method, _, rest = (lines[0] if lines else "").strip().partition(" ")
    fields = []
    for number, line in enumerate(lines[1:], 1):
        if not line.strip():
            if any(each.strip() for each in lines[number:]):
                notes.forbid(["body"])
            break
        name, colon, value = line.partition(":")
        if not colon or line[0] in " \t":
            notes.forbid(["unsafe"])
        fields.append((name, value))
    return _Written(method, _VERSION.sub("", rest).strip(), tuple(fields), is_bare=True)


def _filled(
    written: _Written,
    variables: Mapping[str, str],
    combinations: Sequence[Settings],
    taken: frozenset[str],
    notes: Notes,
) -> Iterator[Ask]:
    """A request with every combination that it, or a matcher, may ask for."""
    notes.forbid(method_refusals(written.method))
    texts = (written.path, *(value for _, value in written.fields))
    wanted = {name for text in texts for name in placeholders_in(text)} - TARGET_NAMES
    if wanted & taken:
        notes.forbid(["target-text"])
        return
    for settings in combinations:
        known = {**variables, **dict(settings)}
        path = resolve(written.path, known, notes)
        if written.is_bare and not path.startswith(_STANDS_FOR_ITSELF) and "://" not in path:
            path = f"/{path}"
        notes.forbid(path_refusals(path))
        plain = path_without_address(path)
        fields = _fields(written.fields, known, notes)
        if plain is not None and written.method in Method.__members__:
            yield Ask(plain, Method(written.method), fields, settings)


def _fields(written: Sequence[tuple[str, str]], known: Mapping[str, str], notes: Notes) -> tuple[tuple[str, str], ...]:
    """The static fields that are sent as they stand; our own identity is never replaced."""
    sent = []
    for name, value in written:
        refused = tuple(field_refusals(name, value))
        notes.forbid(refused)
        if refused or name.strip().lower() in OWN_FIELDS:
            continue
        filled = resolve(value.strip(), known, notes)
        notes.forbid(field_refusals(name, filled))
        if "{{" in filled:
            notes.unsupported("placeholder in a field")
        elif not _is_plain_field(name.strip(), filled):
            notes.forbid(["unsafe"])
        sent.append((name.strip(), filled))
    if len(sent) > _MOST_FIELDS:
        notes.unsupported(f"more than {_MOST_FIELDS} fields")
    return tuple(sent)


def _is_plain_field(name: str, value: str) -> bool:
    return bool(
        _TOKEN.fullmatch(name) and value.isascii() and value.isprintable() and len(value) <= _MOST_FIELD_CHARACTERS
    )
