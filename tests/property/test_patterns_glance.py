from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.patterns.glance import Glance

LETTERS = st.sampled_from([b"a", b"b", b"ab", b"ba", b"_", b"\xff"])
WORDS = st.lists(LETTERS, min_size=1, max_size=4).map(b"".join)


@settings(max_examples=400)
@given(st.lists(WORDS, min_size=1, max_size=60), st.lists(LETTERS, max_size=40).map(b"".join))
def test_no_word_that_occurs_is_ever_missing(words: list[bytes], text: bytes) -> None:
    possible = Glance(words).possible(text)
    assert {number for number, word in enumerate(words) if word in text} <= possible
    assert bool(possible) == any(word in text for word in words)
