"""One ``http`` block of a template: what it asks, how it decides, and what about it is refused."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import msgspec

from ebbtide.judge.templates.asks import read_asks
from ebbtide.judge.templates.notes import Notes
from ebbtide.judge.templates.operators import (
    Names,
    looks_back,
    names_asked,
    read_condition,
    read_extractors,
    read_matchers,
)
from ebbtide.judge.templates.placeholders import TARGET_NAMES
from ebbtide.judge.templates.records import Ask, Block, Following
from ebbtide.judge.templates.settings import read_payloads
from ebbtide.judge.templates.tree_reading import TableReader

_BLOCK_KEYS = frozenset(
    {
        "attack",
        "body",
        "disable-cookie",
        "disable-path-automerge",
        "extractors",
        "fuzzing",
        "global-matchers",
        "headers",
        "host-redirects",
        "id",
        "iterate-all",
        "matchers",
        "matchers-condition",
        "max-redirects",
        "max-size",
        "method",
        "name",
        "path",
        "payloads",
        "raw",
        "read-all",
        "redirects",
        "req-condition",
        "self-contained",
        "skip-variables-check",
        "stop-at-first-match",
        "threads",
        "unsafe",
    }
)
_MAY_BE_FALSE = frozenset({"cookie-reuse"})
_UNSAFE_KEYS = ("unsafe", "race", "pipeline")
_USUAL_REDIRECTS = 10
_MOST_REDIRECTS = 20


def read_block(
    block: TableReader,
    parameters: Mapping[str, str],
    variables: Mapping[str, str],
    taken: frozenset[str],
    notes: Notes,
) -> Block:
    """Read one block; what of it cannot be run, and why, is noted.

    Args:
        block: The block.
        parameters: Values for ``{{names}}`` in words, from the check and the operator.
        variables: Of the template.
        taken: Names under which operators of any block keep what a target said.
        notes: Is told of all that is against running it.

    Raises:
        CheckError: It is no block of the format at all.
    """
    _note_keys(block, notes)
    is_global = block.truth("global-matchers")
    extractors = read_extractors(block.children("extractors"), notes.unsupported)
    own = frozenset(each.name for each in extractors if each.name)
    combinations = read_payloads(block, notes)
    settings = {name for each in combinations for name, _ in each}
    payloads = block.child("payloads")
    lacking = dict.fromkeys(set(payloads.keys if payloads else ()) - settings, "")
    asks = read_asks(block, {**lacking, **variables}, combinations, taken, notes)
    if not block.texts("path") and not block.texts("raw") and not is_global and "fuzzing" not in block:
        block.fail("path", "is missing.")
    names = Names(variables, parameters, TARGET_NAMES | settings | set(lacking) | own)
    matchers = read_matchers(block.children("matchers"), names, notes.unsupported)
    sees_earlier = len(asks) > 1 and (bool(own) or looks_back(matchers, extractors))
    if not sees_earlier:
        asks = _each_once(asks, names_asked(matchers, extractors))
    return Block(
        asks=() if is_global else asks,
        matchers=matchers,
        wants_all=read_condition(block, "matchers-condition"),
        extractors=extractors,
        stops_at_first_match=block.truth("stop-at-first-match"),
        most_body_bytes=block.number("max-size", 0) or None,
        is_internal=_is_internal(block),
        is_global=is_global,
        looks_back=sees_earlier,
        **_following(block),
    )


def _each_once(asks: Sequence[Ask], asked: frozenset[str]) -> tuple[Ask, ...]:
    """Requests without the settings that nothing asks for, equal ones once."""
    return tuple(
        dict.fromkeys(
            msgspec.structs.replace(ask, settings=tuple(pair for pair in ask.settings if pair[0] in asked))
            for ask in asks
        )
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


def _is_internal(block: TableReader) -> bool:
    """Whether a matcher says of itself that it shows nothing; one such makes the whole block so."""
    return any(each.truth("internal") for each in block.children("matchers"))


def _note_keys(block: TableReader, notes: Notes) -> None:
    """What the keys of a block forbid or ask for."""
    if "body" in block:
        notes.forbid(["body"])
    if any(block.truth(key) for key in _UNSAFE_KEYS):
        notes.forbid(["unsafe"])
    if "fuzzing" in block:
        notes.forbid(["fuzzing"])
    if block.truth("self-contained"):
        notes.forbid(["self-contained"])
    if block.truth("iterate-all"):
        notes.forbid(["target-text"])
    for key in block.keys:
        if key in _BLOCK_KEYS or key not in block:
            continue
        if key in _MAY_BE_FALSE and not block.truth(key):
            continue
        notes.unsupported(key)
