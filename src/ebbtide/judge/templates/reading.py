"""Files of nuclei templates into records: what we can run, and why we do not run the rest."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from ebbtide.judge.checks.content_hash import content_hash, plain_tree
from ebbtide.judge.templates.block_reading import read_block
from ebbtide.judge.templates.dsl.reading import DslSyntaxError
from ebbtide.judge.templates.flows import Flow, read_flow
from ebbtide.judge.templates.notes import Notes
from ebbtide.judge.templates.placeholders import ABSENT
from ebbtide.judge.templates.records import Block, Reading, Template
from ebbtide.judge.templates.refusals import OTHER_PROTOCOLS, tag_refusals
from ebbtide.judge.templates.settings import read_variables
from ebbtide.judge.templates.tree_reading import TableReader
from ebbtide.judge.templates.yaml_tree import Scalar, Table, read_yaml
from ebbtide.model.errors import CheckError

_TOP_KEYS = frozenset({"id", "info", "http", "requests", "ebbtide", "variables", "flow", "stop-at-first-match"})
MOST_BLOCKS = 50
_ABSENT_PATH = re.compile(rf"/\{{\{{{ABSENT}\}}\}}(?:\.[0-9A-Za-z]+)?")
_SUFFIXES = frozenset({".yaml", ".yml"})


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
    notes = Notes()
    identity = top.text("id")
    info = top.need("info")
    tags = info.comma_texts("tags")
    notes.forbid(tag_refusals(tags))
    _note_top(top, notes)
    readers = top.children("http") or top.children("requests")
    if not readers and not _other_protocols(top):
        top.fail("http", "is missing.")
    if len(readers) > MOST_BLOCKS:
        notes.unsupported(f"more than {MOST_BLOCKS} blocks")
    variables = read_variables(top, notes)
    taken = _taken(readers, variables)
    blocks = tuple(read_block(reader, parameters, variables, taken, notes) for reader in readers[:MOST_BLOCKS])
    flow = _flow(top, readers, notes)
    refusals = notes.refusals()
    template = None
    if blocks and not refusals.reasons:
        template = Template(
            id=identity,
            version=_version(top, readers, blocks),
            name=info.text("name", identity),
            severity=info.text("severity", "unknown").lower(),
            tags=tags,
            references=info.comma_texts("reference"),
            remediation=info.text("remediation", ""),
            file=top.file,
            blocks=blocks,
            flow=flow,
        )
    asked = [ask.path for block in blocks for ask in block.asks]
    requests = max(len(asked), sum(len(each.texts("path")) + len(each.texts("raw")) for each in readers))
    return Reading(identity, top.file, template, refusals, requests, is_passive(blocks), tuple(notes.helpers))


def _taken(readers: Sequence[TableReader], variables: Mapping[str, str]) -> frozenset[str]:
    """Names under which what a target said is kept: of extractors, and of matchers unless the template sets them."""
    payloads = {name for reader in readers if (lists := reader.child("payloads")) for name in lists.keys}
    extractors, matchers = (
        {each.text("name", "") for reader in readers for each in reader.children(key)}
        for key in ("extractors", "matchers")
    )
    return frozenset(extractors | (matchers - payloads - variables.keys())) - {""}


def _flow(top: TableReader, blocks: Sequence[TableReader], notes: Notes) -> Flow | None:
    """How the blocks hang together; ``None`` where the template does not say."""
    text = top.text("flow", "")
    if not text:
        return None
    ids = {name: number for number, block in enumerate(blocks) if (name := block.text("id", ""))}
    try:
        return read_flow(text, ids, len(blocks))
    except DslSyntaxError as error:
        notes.unsupported(f"flow: {error}")
        return None


def _version(top: TableReader, readers: Sequence[TableReader], blocks: Sequence[Block]) -> str:
    """Hash of what decides; of what payloads make of it too, since helper files are no part of the tree."""
    http = plain_tree(top.node("http") or top.node("requests"))
    further = {key: plain_tree(top.node(key)) for key in ("flow", "variables") if key in top}
    if any("payloads" in reader for reader in readers):
        asks = [(ask.path, ask.fields, ask.settings) for block in blocks for ask in block.asks]
        further["asks"] = msgspec.to_builtins(asks)
    return content_hash({"http": http, **further} if further else http)


def is_passive(blocks: Sequence[Block]) -> bool:
    """Whether blocks ask for nothing but ``/`` and absent names."""
    does_something = any(block.asks or block.is_global for block in blocks)
    return does_something and all(is_passive_path(ask.path) for block in blocks for ask in block.asks)


@lru_cache(maxsize=4096)
def is_passive_path(path: str) -> bool:
    """Whether a path template names nothing: ``/`` or an absent name in the top folder."""
    return path == "/" or _ABSENT_PATH.fullmatch(path) is not None


def _other_protocols(top: TableReader) -> list[str]:
    return [key for key in top.keys if key in OTHER_PROTOCOLS]


def _note_top(top: TableReader, notes: Notes) -> None:
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
