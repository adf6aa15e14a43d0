"""Files of nuclei templates into records: what we can run, and why we do not run the rest."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from ebbtide.judge.checks.content_hash import content_hash, plain_tree
from ebbtide.judge.templates.operators import read_condition, read_extractors, read_matchers
from ebbtide.judge.templates.placeholders import ABSENT, TARGET_NAMES, path_without_address, placeholders_in
from ebbtide.judge.templates.records import Block, Following, Reading, Refusals, Template
from ebbtide.judge.templates.refusals import (
    OTHER_PROTOCOLS,
    OWN_FIELDS,
    field_refusals,
    method_refusals,
    path_refusals,
    raw_refusals,
    tag_refusals,
)
from ebbtide.judge.templates.tree_reading import TableReader
from ebbtide.judge.templates.yaml_tree import Scalar, Table, read_yaml
from ebbtide.model.errors import CheckError
from ebbtide.model.transcripts import Method

_TOP_KEYS = frozenset({"id", "info", "http", "requests", "ebbtide"})
_BLOCK_KEYS = frozenset(
    {
        "id",
        "name",
        "method",
        "path",
        "headers",
        "matchers",
        "matchers-condition",
        "extractors",
        "stop-at-first-match",
        "max-size",
        "body",
        "unsafe",
        "fuzzing",
        "self-contained",
        "redirects",
        "host-redirects",
        "max-redirects",
        "disable-cookie",
        "disable-path-automerge",
    }
)
_MAY_BE_FALSE = frozenset({"cookie-reuse", "iterate-all"})
_USUAL_REDIRECTS = 10
_MOST_REDIRECTS = 20
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_MOST_FIELDS = 10
_MOST_FIELD_CHARACTERS = 500
_UNSAFE_KEYS = ("unsafe", "race", "pipeline")
_ABSENT_PATH = re.compile(rf"/\{{\{{{ABSENT}\}}\}}(?:\.[0-9A-Za-z]+)?")
_SUFFIXES = frozenset({".yaml", ".yml"})


class _Notes:
    """Reasons met while reading, each once, in order."""

    def __init__(self) -> None:
        self._conduct: dict[str, None] = {}
        self._features: dict[str, None] = {}

    def forbid(self, reasons: Iterable[str]) -> None:
        """The rules of conduct say no."""
        self._conduct.update(dict.fromkeys(reasons))

    def unsupported(self, feature: str, /) -> None:
        """This release cannot do it."""
        self._features[f"unsupported: {feature}"] = None

    def refusals(self) -> Refusals:
        return Refusals(tuple(self._conduct), tuple(self._features))


def template_files(path: Path) -> tuple[Path, ...]:
    """The template itself, or all templates in a folder, sorted.

    Raises:
        CheckError: There is nothing of that name.
    """
    if path.is_dir():
        return tuple(sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file()))
    if not path.is_file():
        raise CheckError("there is no template of that name.", where=str(path))
    return (path,)


def read_template_file(path: Path) -> Reading:
    """Read one file.

    Raises:
        CheckError: It cannot be read, or is no template; a template that we do not run is no error.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckError(f"the file cannot be read: {error.strerror}.", where=str(path)) from error
    return read_template(data, str(path))


def read_template(data: bytes, file: str) -> Reading:
    """Read one template.

    Args:
        data: The file's bytes.
        file: Its name, for errors and results.

    Raises:
        CheckError: It is no template: broken YAML, a missing key, a value of the wrong kind.
    """
    return read_template_table(TableReader(read_yaml(data, file), file), {})


def read_template_table(top: TableReader, parameters: Mapping[str, str]) -> Reading:
    """Read one template from its tree.

    Args:
        top: The whole file.
        parameters: Values for ``{{names}}`` in words of matchers.

    Raises:
        CheckError: It is no template.
    """
    notes = _Notes()
    identity = top.text("id")
    info = top.need("info")
    tags = info.comma_texts("tags")
    notes.forbid(tag_refusals(tags))
    _note_top(top, notes)
    blocks = top.children("http") or top.children("requests")
    if len(blocks) > 1:
        notes.unsupported("several blocks")
    read = [_read_block(block, parameters, notes) for block in blocks]
    requests = sum(_request_count(block) for block in blocks)
    if not blocks and not _other_protocols(top):
        top.fail("http", "is missing.")
    refusals = notes.refusals()
    block = read[0] if read else None
    template = None
    if block is not None and not refusals.reasons:
        template = Template(
            id=identity,
            version=content_hash(plain_tree(top.node("http") or top.node("requests"))),
            name=info.text("name", identity),
            severity=info.text("severity", "unknown").lower(),
            tags=tags,
            references=info.comma_texts("reference"),
            remediation=info.text("remediation", ""),
            file=top.file,
            block=block,
        )
    asked = [path for one in read if one is not None for path in one.paths]
    is_passive = bool(asked) and all(is_passive_path(path) for path in asked)
    return Reading(identity, top.file, template, refusals, requests, is_passive)


@lru_cache(maxsize=4096)
def is_passive_path(path: str) -> bool:
    """Whether a path template names nothing: ``/`` or an absent name in the top folder."""
    return path == "/" or _ABSENT_PATH.fullmatch(path) is not None


def _other_protocols(top: TableReader) -> list[str]:
    return [key for key in top.keys if key in OTHER_PROTOCOLS]


def _note_top(top: TableReader, notes: _Notes) -> None:
    """What the keys at the top forbid or ask for."""
    if top.truth("self-contained"):
        notes.forbid(["self-contained"])
    if _other_protocols(top):
        notes.forbid(["other-protocol"])
    if any("interactsh" in text.lower() for text in _texts(top.table)):
        notes.forbid(["oast"])
    for key in top.keys:
        if key not in _TOP_KEYS and key not in OTHER_PROTOCOLS and key != "self-contained":
            notes.unsupported(key)


def _texts(table: Table) -> Iterator[str]:
    """All texts of a tree but those of ``info``; without recursion."""
    waiting = [node for key, node in table.entries.items() if key not in {"id", "info"}]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            yield node.text
        elif isinstance(node, Table):
            yield from node.entries
            waiting.extend(node.entries.values())
        else:
            waiting.extend(node.items)


def _read_block(block: TableReader, parameters: Mapping[str, str], notes: _Notes) -> Block | None:
    """One block; ``None`` when it asks nothing in the plain way."""
    _note_block(block, notes)
    method = block.text("method", "GET").upper()
    notes.forbid(method_refusals(method))
    paths = block.texts("path")
    for path in paths:
        notes.forbid(path_refusals(path))
        if set(placeholders_in(path)) - TARGET_NAMES:
            notes.unsupported("placeholder in a request")
    for raw in block.texts("raw"):
        notes.forbid(raw_refusals(raw))
    if not paths and not {"raw", "fuzzing", "global-matchers"} & set(block.keys):
        block.fail("path", "is missing.")
    matchers = read_matchers(block.children("matchers"), parameters, notes.unsupported)
    extractors = read_extractors(block.children("extractors"), notes.unsupported)
    plain_paths = tuple(plain for text in paths if (plain := path_without_address(text)) is not None)
    if method not in Method.__members__:
        return None
    return Block(
        method=Method(method),
        paths=plain_paths,
        fields=_fields(block, notes),
        matchers=matchers,
        wants_all=read_condition(block, "matchers-condition"),
        extractors=extractors,
        stops_at_first_match=block.truth("stop-at-first-match"),
        most_body_bytes=block.number("max-size", 0) or None,
        **_following(block),
    )


class _Follows(TypedDict):
    following: Following
    most_redirects: int


def _following(block: TableReader) -> _Follows:
    """Which redirects a block wants followed, and how far."""
    following = Following.NONE
    if block.truth("host-redirects"):
        following = Following.SAME_HOST
    elif block.truth("redirects"):
        following = Following.ANYWHERE
    most = min(block.number("max-redirects", 0) or _USUAL_REDIRECTS, _MOST_REDIRECTS)
    return {"following": following, "most_redirects": most if following is not Following.NONE else 0}


def _note_block(block: TableReader, notes: _Notes) -> None:
    """What the keys of a block forbid or ask for."""
    if "body" in block:
        notes.forbid(["body"])
    if any(block.truth(key) for key in _UNSAFE_KEYS):
        notes.forbid(["unsafe"])
    if "fuzzing" in block:
        notes.forbid(["fuzzing"])
    if block.truth("self-contained"):
        notes.forbid(["self-contained"])
    for key in block.keys:
        if key in _BLOCK_KEYS or key not in block:
            continue
        if key in _MAY_BE_FALSE and not block.truth(key):
            continue
        notes.unsupported(key)


def _fields(block: TableReader, notes: _Notes) -> tuple[tuple[str, str], ...]:
    """The static fields that are sent as they stand; our own identity is never replaced."""
    sent = []
    for name, value in block.pairs("headers"):
        notes.forbid(field_refusals(name, value))
        lowered = name.strip().lower()
        if lowered in OWN_FIELDS:
            continue
        if "{{" in value:
            notes.unsupported("placeholder in a field")
        elif not _is_plain_field(name.strip(), value):
            notes.forbid(["unsafe"])
        sent.append((name.strip(), value.strip()))
    if len(sent) > _MOST_FIELDS:
        notes.unsupported(f"more than {_MOST_FIELDS} fields")
    return tuple(sent)


def _is_plain_field(name: str, value: str) -> bool:
    return bool(
        _TOKEN.fullmatch(name) and value.isascii() and value.isprintable() and len(value) <= _MOST_FIELD_CHARACTERS
    )


def _request_count(block: TableReader) -> int:
    return len(block.texts("path")) + len(block.texts("raw"))
