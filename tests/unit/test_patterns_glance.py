"""A glance misses no word, though it looks only for matches that do not overlap."""

import pytest

from ebbtide.patterns.glance import Glance

WORDS = [b"PASSWORD", b"_PASS", b"WORDS", b"pass", b"password", b"sword"]


@pytest.mark.parametrize(
    ("text", "present"),
    [
        (b"nothing here", set()),
        (b"", set()),
        (b"DB_PASSWORD", {0, 1}),
        (b"PASSWORDS", {0, 2}),
        (b"a password", {3, 4, 5}),
        (b"xsword", {5}),
    ],
)
def test_every_word_that_stands_in_the_text_is_possible(text: bytes, present: set[int]) -> None:
    possible = Glance(WORDS).possible(text)
    assert present <= possible
    assert bool(possible) == bool(present)


def test_what_is_far_from_every_word_found_is_not_possible() -> None:
    assert Glance([b"aaa", b"bbb", b"ccc"]).possible(b"x bbb x") == {1}


def test_more_words_than_one_search_takes_are_found_too() -> None:
    words = [b"<%d>" % number for number in range(200)]
    assert Glance(words).possible(b"<7> and <199>") >= {7, 199}


def test_no_words_are_never_possible() -> None:
    assert Glance([]).possible(b"anything") == set()
