"""The prefilter never hides a match, and no text of a pattern does anything but compile or be refused."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.model.errors import PatternError
from ebbtide.patterns.literals import LiteralSet
from ebbtide.patterns.regex import Pattern, compile_pattern
from ebbtide.patterns.required import Literal
from ebbtide.patterns.text import normalise_text

LETTERS = st.text(alphabet="abkKsS.\xe9\u212a", min_size=1, max_size=5).map(re.escape)
WORDS = st.sampled_from(["kis", "Skask", "abab", "bsk\xe9", "asa.S"]).map(re.escape)
ATOMS = st.sampled_from([r"\d", ".", "[abc]", r"\b", "^", "$", "[^k]"])
PATTERNS = st.recursive(
    LETTERS | ATOMS | WORDS | WORDS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda text: f"(?i:{text})"),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=8,
)
NOISE = st.binary(max_size=6)
FOLDED_ALIKE = str.maketrans({"k": "\u212a", "K": "\u212a", "s": "\u017f", "S": "\u017f"})


@st.composite
def patterns_with_data(draw: st.DrawFn) -> tuple[Pattern, bytes]:
    """A pattern, and data that as a rule holds a match of it."""
    source = draw(PATTERNS)
    ignores = draw(st.booleans())
    text = draw(st.from_regex(re.compile(source, re.IGNORECASE if ignores else 0)))
    if ignores and draw(st.booleans()):
        text = text.translate(FOLDED_ALIKE)
    coding = draw(st.sampled_from(["utf-8", "latin-1"]))
    data = draw(NOISE) + text.encode(coding, "replace") + draw(NOISE)
    return compile_pattern(source, ignore_case=ignores), data


@settings(max_examples=200, deadline=None)
@given(patterns_with_data())
def test_the_prefilter_never_hides_a_match(pair: tuple[Pattern, bytes]) -> None:
    pattern, data = pair
    if pattern.matches(data):
        assert LiteralSet([pattern.literals]).candidates(data) == [0]


@settings(max_examples=200, deadline=None)
@given(PATTERNS.filter(str.isascii), st.booleans(), st.text(alphabet="abckKsS.1 ", max_size=12))
def test_an_ascii_pattern_finds_what_the_standard_library_finds(source: str, ignores: bool, text: str) -> None:  # noqa: FBT001  drawn
    expected = re.compile(source.encode(), re.IGNORECASE if ignores else 0).search(text.encode())
    found = compile_pattern(source, ignore_case=ignores).search(text.encode())
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert found.start == expected.start()


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab(|)[]{}*+?\\^$.:<>=!#PiQEZdhxu{01,}-&'\xe9", max_size=25), NOISE)
def test_any_text_is_a_pattern_or_is_refused_as_the_callers_mistake(source: str, data: bytes) -> None:
    try:
        pattern = compile_pattern(source)
    except PatternError:
        return
    if pattern.matches(data):
        assert LiteralSet([pattern.literals]).candidates(data) == [0]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40))
def test_normalised_text_is_utf8_and_keeps_every_ascii_byte(data: bytes) -> None:
    text = normalise_text(data)
    text.decode("utf-8")
    assert bytes(byte for byte in text if byte < 0x80) == bytes(byte for byte in data if byte < 0x80)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=3).filter(bool), min_size=1, max_size=6), st.binary(max_size=60), st.data()
)
def test_the_set_finds_what_a_plain_search_finds(words: list[bytes], noise: bytes, data: st.DataObject) -> None:
    folds = data.draw(st.booleans())
    text = noise + data.draw(st.sampled_from(words)).swapcase() + noise
    literals = LiteralSet([[literal] for literal in _literals(words, folds=folds)])
    expected = [n for n, word in enumerate(words) if (word.lower() in text.lower() if folds else word in text)]
    assert literals.candidates(text) == expected


def _literals(words: list[bytes], *, folds: bool) -> list[Literal]:
    return [Literal(word, ignore_case=folds) for word in words]
