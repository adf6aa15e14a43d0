"""Which signature a request bears, and which lines of a log are worth reading closely."""

from collections.abc import Callable, Sequence

import msgspec

from ebbtide.patterns.lines import LineFinder
from ebbtide.patterns.literals import LiteralSet
from ebbtide.patterns.required import Literal
from ebbtide.pressure.normalising import decode_percent, normalise, unescape_log
from ebbtide.pressure.records import LogRequest
from ebbtide.pressure.signatures.reading import words_of
from ebbtide.pressure.signatures.records import Clue, Padding, Signature, Stage

ENCODED_WORD = r"%(?:2[5de]|3[0-9]|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9a]|u|c[01]|e0%8[01]|f0%80)|\\[xu]|\$\{"
"""How a letter, a digit or a sign of a word can be written so that the word is not seen. Matched in any case."""

_SPECIAL = frozenset(r"\.+*?()|[]{}^$")
_REMEMBERED = 4096
_MOST_REMEMBERED_BYTES = 512
_FORM_BYTES = 160


class Sighting(msgspec.Struct, frozen=True):
    """What a request shows.

    Attributes:
        signature: Which one it bears.
        form: Which of its forms: a path, a prefix, or the padding as ``224 X``.
    """

    signature: Signature
    form: str


class _View:
    """The forms of a request, each made when it is first asked for."""

    def __init__(self, request: LogRequest) -> None:
        self.method = request.method.upper()
        self.raw = unescape_log(request.target)
        self.normalised = normalise(request.target)
        self.agent = decode_percent(request.agent).lower().replace(b"+", b" ")
        fields = (request.agent, request.referrer)
        self._hidden = any(mark in field for field in fields for mark in (b"$", b"%24", b"()", b"%28%29"))
        self._request = request

    def target(self, stage: Stage) -> bytes:
        return self.raw if stage is Stage.RAW else self.normalised

    def spellings(self) -> bytes:
        """All forms in which a word can stand, in lower case."""
        asked = self._request
        spelled = (asked.method, asked.target, self.raw, self.agent, *self.everywhere())
        return b"\n".join(spelled).lower()

    def everywhere(self) -> tuple[bytes, ...]:
        """The target, and the fields if they could hold anything."""
        if not self._hidden:
            return (self.normalised.replace(b"+", b" "),)
        fields = (self._request.agent, self._request.referrer)
        return (self.normalised.replace(b"+", b" "), *(normalise(field).replace(b"+", b" ") for field in fields))


Test = Callable[[_View], str | None]
"""The form that a request shows; ``None`` if it does not bear the clue."""


class SignatureSet:
    """Signatures made ready.

    Args:
        signatures: In the order in which they are tried; ids must differ.

    Attributes:
        signatures: As given.
        lines: Finds the lines of a block that may bear one of them. Others certainly bear none.
    """

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self.signatures = tuple(signatures)
        self._tests = [(each, _test(clue, each.stage)) for each in signatures for clue in each.clue]
        clues = [clue for each in signatures for clue in each.clue]
        # words that a clue names itself are spelled as lines are, not as requests are
        self._needed = LiteralSet([() if clue.words else tuple(map(Literal, words_of(clue))) for clue in clues])
        self.lines = LineFinder(candidate_pattern({word for clue in clues for word in words_of(clue)}))
        self._remembered: dict[tuple[bytes, ...], Sighting | None] = {}

    def sight(self, request: LogRequest) -> Sighting | None:
        """The first signature that the request bears; ``None`` if there is none."""
        key = (request.method, request.target, request.agent, request.referrer)
        if sum(map(len, key)) > _MOST_REMEMBERED_BYTES:
            return self._sight(request)
        try:
            return self._remembered[key]
        except KeyError:
            pass
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        sighting = self._remembered[key] = self._sight(request)
        return sighting

    def _sight(self, request: LogRequest) -> Sighting | None:
        view = _View(request)
        for number in self._needed.candidates(view.spellings()):
            signature, test = self._tests[number]
            form = test(view)
            if form is not None:
                return Sighting(signature, form[:_FORM_BYTES])
        return None


def candidate_pattern(words: set[bytes]) -> str:
    """A pattern that matches a word, or what could hide one."""
    shortest = sorted(word for word in words if not any(other in word for other in words if other != word))
    return "|".join([*(_escaped(word.decode()) for word in shortest), ENCODED_WORD])


def _escaped(word: str) -> str:
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in word)


def _test(clue: Clue, stage: Stage) -> Test:
    """All conditions of a clue as one function, the cheapest first."""
    conditions = list(_conditions(clue, stage))

    def test(view: _View) -> str | None:
        shown = ""
        for condition in conditions:
            form = condition(view)
            if form is None:
                return None
            shown = form or shown
        return shown

    return test


def _conditions(clue: Clue, stage: Stage) -> list[Test]:
    return [*_target_conditions(clue, stage), *_other_conditions(clue, stage)]


def _target_conditions(clue: Clue, stage: Stage) -> list[Test]:
    conditions: list[Test] = []
    if clue.targets:
        conditions.append(_is_one_of(_forms(clue.targets), lambda view: view.target(stage)))
    if clue.paths:
        conditions.append(_is_one_of(_forms(clue.paths), lambda view: view.target(stage).partition(b"?")[0]))
    if clue.prefixes:
        conditions.append(_begins_with(_forms(clue.prefixes), stage))
    if clue.suffixes:
        conditions.append(_ends_with(_forms(clue.suffixes), stage))
    if clue.contains:
        parts = tuple(_forms(clue.contains))
        conditions.append(lambda view: "" if all(part in view.target(stage) for part in parts) else None)
    return conditions


def _other_conditions(clue: Clue, stage: Stage) -> list[Test]:
    conditions: list[Test] = []
    if clue.methods:
        methods = frozenset(method.encode() for method in clue.methods)
        conditions.append(lambda view: "" if view.method in methods else None)
    if clue.is_absolute:
        conditions.append(lambda view: "" if view.raw[:8].lower().startswith((b"http://", b"https://")) else None)
    if clue.padding is not None:
        conditions.append(_padded(clue.padding, stage))
    if clue.agents:
        conditions.append(_holds_one(_forms(clue.agents), lambda view: (view.agent,)))
    if clue.anywhere:
        conditions.append(_holds_one(_forms(clue.anywhere), _View.everywhere))
    return conditions


def _forms(texts: Sequence[str]) -> dict[bytes, str]:
    """Octets to look for, and how they are told."""
    return {unescape_log(text.encode()): text for text in texts}


def _is_one_of(forms: dict[bytes, str], part: Callable[[_View], bytes]) -> Test:
    return lambda view: forms.get(part(view))


def _begins_with(forms: dict[bytes, str], stage: Stage) -> Test:
    beginnings = tuple(forms)

    def test(view: _View) -> str | None:
        target = view.target(stage)
        if not target.startswith(beginnings):
            return None
        return next(form for beginning, form in forms.items() if target.startswith(beginning))

    return test


def _ends_with(forms: dict[bytes, str], stage: Stage) -> Test:
    endings = tuple(forms)

    def test(view: _View) -> str | None:
        path = view.target(stage).partition(b"?")[0]
        if not path.endswith(endings):
            return None
        return next(form for ending, form in forms.items() if path.endswith(ending))

    return test


def _holds_one(forms: dict[bytes, str], parts: Callable[[_View], tuple[bytes, ...]]) -> Test:
    return lambda view: next((form for octets, form in forms.items() for part in parts(view) if octets in part), None)


def _padded(padding: Padding, stage: Stage) -> Test:
    after = padding.after.lower().encode()
    after = unescape_log(after)
    pieces = [(unescape_log(piece.encode()), piece) for piece in padding.pieces]

    def test(view: _View) -> str | None:
        target = view.target(stage)
        if target[: len(after)].lower() != after:
            return None
        rest = target[len(after) :]
        for octets, piece in pieces:
            count = _run_length(rest, octets)
            if count >= padding.least:
                return f"{count} {piece}"
        return None

    return test


def _run_length(text: bytes, piece: bytes) -> int:
    """How often a piece is repeated at the beginning; a run of any length in a few steps."""
    low, high = 0, len(text) // len(piece)
    while low < high:
        middle = (low + high + 1) // 2
        if text.startswith(piece * middle):
            low = middle
        else:
            high = middle - 1
    return low
