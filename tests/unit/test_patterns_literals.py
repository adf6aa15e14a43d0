"""Literals that a pattern demands, and the set that looks for many at once."""

import pytest

from ebbtide.patterns.literals import LiteralSet
from ebbtide.patterns.regex import compile_pattern
from ebbtide.patterns.required import Literal


def needs(source: str, *, ignore_case: bool = False) -> list[tuple[bytes, bool]]:
    pattern = compile_pattern(source, ignore_case=ignore_case)
    return [(literal.text, literal.ignore_case) for literal in pattern.literals]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"^Microsoft-IIS/(\d+)$", [(b"Microsoft-IIS/", False)]),
        (r"(?i)^apache", [(b"apache", True)]),
        (r"abc\d+defgh", [(b"defgh", False)]),
        (r"(?:foo|barrel)x", [(b"barrel", False), (b"foo", False)]),
        (r"(?:foo|x)y", []),
        (r"(?:foo)?barrel", [(b"barrel", False)]),
        (r"fo(?:ob)ar", [(b"foobar", False)]),
        (r"x(?:abc)+d", [(b"xabc", False)]),
        (r"abcd*", [(b"abc", False)]),
        (r"abcd+e", [(b"abcd", False)]),
        (r"mod[.]perl", [(b"mod.perl", False)]),
        (r"ab", []),
        (r"foo\bbar$", [(b"foobar", False)]),
        (r"foo|bar", [(b"bar", False), (b"foo", False)]),
        (r"foo|", []),
        (r"\x41\x{42}\103", [(b"ABC", False)]),
        (r"a(?i:BCd)e", [(b"aBCde", True)]),
        (r"é abc", [(b" abc", False)]),
        (r"abc\xff", [(b"abc\xff", False)]),
        (r"(?i)abc\xe9", [(b"abc", True)]),
        (r"(?i)xyzkabé", [(b"xyz", True)]),
    ],
)
def test_the_literals_that_every_match_holds_are_told(source: str, expected: list[tuple[bytes, bool]]) -> None:
    assert needs(source) == expected


def test_a_flag_of_the_whole_pattern_makes_its_literals_ignore_case() -> None:
    assert needs("Abc", ignore_case=True) == [(b"Abc", True)]


def test_the_set_tells_which_entries_may_match() -> None:
    entries = [
        (Literal(b"Apache"),),
        (Literal(b"APACHE", ignore_case=True),),
        (Literal(b"nginx"), Literal(b"lighttpd")),
        (),
    ]
    literals = LiteralSet(entries)
    assert len(literals) == 4
    assert literals.always == {3}
    assert literals.candidates(b"server: apache") == [1, 3]
    assert literals.candidates(b"\xffserver: Apache\xff lighttpd") == [0, 1, 2, 3]
    assert literals.occurring(b"nothing") == set()


def test_an_exact_word_is_found_after_the_same_word_in_another_case() -> None:
    assert LiteralSet([(Literal(b"IDQ"),)]).candidates(b"idq Idq IDQ") == [0]


def test_a_word_within_another_word_is_found() -> None:
    literals = LiteralSet([(Literal(b"abcd"),), (Literal(b"bc"),), (Literal(b"cde"),)])
    assert literals.candidates(b"abcde") == [0, 1, 2]


@pytest.mark.parametrize("before", [4090, 4096, 4093, 8190, 0])
def test_a_word_over_the_seam_of_two_windows_is_found(before: int) -> None:
    literals = LiteralSet([(Literal(b"needle"),)])
    assert literals.candidates(b"x" * before + b"needle") == [0]


@pytest.mark.parametrize("folds", [True, False])
def test_a_text_made_to_repeat_words_still_gives_them_all(folds: bool) -> None:  # noqa: FBT001  both ways of looking
    words = [b"a" * length for length in range(3, 20)] + [b"abab", b"baba", b"last", b"never"]
    literals = LiteralSet([(Literal(word, ignore_case=folds),) for word in words])
    text = b"a" * 20_000 + b"ab" * 20_000 + b"last"
    assert literals.candidates(text) == [*range(17), 17, 18, 19]
    assert literals.candidates(b"a" * 50_000 + b"never") == [*range(17), 20]


def test_an_empty_set_has_no_candidates() -> None:
    assert LiteralSet([]).candidates(b"anything") == []


def test_an_empty_literal_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        LiteralSet([(Literal(b""),)])
