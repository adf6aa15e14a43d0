"""Which literals every match of a pattern must hold: what a prefilter may look for first."""

from collections.abc import Iterable, Sequence

import msgspec

from ebbtide.patterns.tokens import Kind, Token

LEAST_LENGTH = 3
"""A shorter literal occurs nearly everywhere, so it filters nothing; but for two signs in a row."""

MOST_ALTERNATIVES = 256
"""A choice of more literals than this filters too little for what it costs."""

_FOLDED_BEYOND_ASCII = frozenset("kKsS")
_LAST_ASCII = 0x7F


class Literal(msgspec.Struct, frozen=True, array_like=True):
    """Bytes to look for.

    Attributes:
        ignore_case: ASCII letters match both cases.
    """

    text: bytes
    ignore_case: bool = False


_ORDINARY = frozenset(
    {
        b"</a>", b"</body>", b"</div>", b"</h1>", b"</h2>", b"</head>", b"</html>", b"</p>", b"</script>", b"</style>",
        b"</title>", b"<!doctype html>", b"<a href=", b"<body", b"<body>", b"<div", b"<h1>", b"<head>", b"<html",
        b"<html>", b"<link", b"<meta", b"<p>", b"<script", b"<title", b"<title>", b'content="', b'href="', b"http://",
        b"https://", b'name="', b"text/html",
    }
)  # fmt: skip


class _Letter(msgspec.Struct, frozen=True):
    """One character that every match holds at this place."""

    character: str
    ignore_case: bool


class _AnyOf(msgspec.Struct, frozen=True):
    """Every match holds one of these somewhere around this place."""

    literals: frozenset[Literal]


class _Gap(msgspec.Struct, frozen=True):
    """Something unknown may stand here."""


_Item = _Letter | _AnyOf | _Gap
_GAP = _Gap()


class _Frame:
    """One open group while it is read."""

    __slots__ = ("branches", "ignore_case", "nodes")

    def __init__(self, *, ignore_case: bool) -> None:
        self.ignore_case = ignore_case
        self.branches: list[list[_Item]] = []
        self.nodes: list[list[_Item]] = []

    def end_branch(self) -> None:
        """An alternative begins, or the group ends."""
        self.branches.append([item for node in self.nodes for item in node])
        self.nodes = []


def rarity(text: bytes) -> int:
    """How seldom a text stands in a page: its length, but next to nothing for what nearly every page holds."""
    return 1 if text.lower() in _ORDINARY else len(text)


def required_literals(tokens: Sequence[Token], *, ignore_case: bool, is_text: bool) -> tuple[Literal, ...]:
    """Find literals one of which stands in every match.

    Args:
        tokens: The parts of the pattern.
        ignore_case: The pattern as a whole ignores case.
        is_text: The pattern is matched over UTF-8; then only ASCII literals that keep their bytes are given.

    Returns:
        Sorted; at least one of them occurs in any data that the pattern matches. Empty if nothing is certain.
    """
    frames = [_Frame(ignore_case=ignore_case)]
    for token in tokens:
        _take(token, frames, is_text=is_text)
    frames[0].end_branch()
    chosen = _best(_joined(frames[0].branches))
    return tuple(sorted(chosen, key=lambda literal: (literal.text, literal.ignore_case)))


def _take(token: Token, frames: list[_Frame], *, is_text: bool) -> None:
    """Let one part of the pattern change the open groups."""
    frame = frames[-1]
    if token.kind is Kind.CHARACTER:
        frame.nodes.append([_letter(token, ignore_case=frame.ignore_case, is_text=is_text)])
    elif token.kind in {Kind.CLASS, Kind.NEAR_END}:
        frame.nodes.append([_GAP])
    elif token.kind is Kind.ASSERTION:
        frame.nodes.append([])
    elif token.kind is Kind.OPEN:
        frames.append(_Frame(ignore_case=_case_after(token, ignores=frame.ignore_case)))
    elif token.kind is Kind.CLOSE:
        frames.pop()
        frame.end_branch()
        frames[-1].nodes.append(_joined(frame.branches))
    elif token.kind is Kind.ALTERNATIVE:
        frame.end_branch()
    elif token.kind is Kind.FLAGS:
        frame.ignore_case = _case_after(token, ignores=frame.ignore_case)
    elif token.kind is Kind.REPEAT:
        repeated = frame.nodes.pop()
        frame.nodes.append([*repeated, _GAP] if token.least else [_GAP])


def _case_after(token: Token, *, ignores: bool) -> bool:
    """Whether case is ignored once the flags of a part hold."""
    return (ignores or "i" in token.flags_on) and "i" not in token.flags_off


def _letter(token: Token, *, ignore_case: bool, is_text: bool) -> _Item:
    """A character, unless another one may stand in its place.

    Over UTF-8 a k also matches the Kelvin sign and an s the long s when case is ignored, and a character beyond ASCII
    may be spelled in two ways in the data.
    """
    character = token.character
    if is_text and (ord(character) > _LAST_ASCII or (ignore_case and character in _FOLDED_BEYOND_ASCII)):
        return _GAP
    if ignore_case and ord(character) > _LAST_ASCII:
        return _GAP
    return _Letter(character, ignore_case)


def _joined(branches: Sequence[list[_Item]]) -> list[_Item]:
    """A group's content as items: one branch as it is, several as a choice of their literals."""
    if len(branches) == 1:
        return branches[0]
    union: set[Literal] = set()
    for branch in branches:
        literals = _best(branch)
        if not literals:
            return [_GAP]
        union |= literals
    if len(union) > MOST_ALTERNATIVES:
        return [_GAP]
    return [_GAP, _AnyOf(frozenset(union)), _GAP]


def _best(items: Iterable[_Item]) -> frozenset[Literal]:
    """The choice that filters most: longest in its shortest literal, then fewest."""
    best: frozenset[Literal] = frozenset()
    for choice in _choices(items):
        if _strength(choice) > _strength(best):
            best = choice
    return best


def _strength(choice: frozenset[Literal]) -> tuple[int, int]:
    """How much a choice filters."""
    return (min((rarity(literal.text) for literal in choice), default=0), -len(choice))


def _choices(items: Iterable[_Item]) -> list[frozenset[Literal]]:
    """All choices of literals that a sequence demands."""
    found: list[frozenset[Literal]] = []
    run: list[_Letter] = []
    for item in [*items, _GAP]:
        if isinstance(item, _Letter):
            run.append(item)
            continue
        if len(run) >= LEAST_LENGTH or _is_pair_of_signs(run):
            found.append(frozenset({_literal(run)}))
        run = []
        if isinstance(item, _AnyOf):
            found.append(item.literals)
    return found


def _is_pair_of_signs(run: Sequence[_Letter]) -> bool:
    """As in a drive of Windows: a colon and a backslash."""
    return len(run) == LEAST_LENGTH - 1 and not any(
        letter.character.isalnum() or letter.character.isspace() for letter in run
    )


def _literal(run: Sequence[_Letter]) -> Literal:
    """Letters in a row as bytes."""
    text = "".join(letter.character for letter in run).encode("latin-1")
    return Literal(text, ignore_case=any(letter.ignore_case for letter in run))
