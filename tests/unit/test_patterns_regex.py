"""Patterns on bytes: what they find, and what is refused by name."""

import pickle

import pytest

from ebbtide.model.errors import PatternError
from ebbtide.patterns.regex import compile_pattern
from ebbtide.patterns.text import normalise_text


def test_a_stray_byte_never_hides_a_match() -> None:
    match = compile_pattern(r"server: (\w+)").search(b"\xff\xfe server: zeus \xff")
    assert match is not None
    assert match.group(1) == b"zeus"
    assert (match.start, match.end) == (3, 15)


def test_a_dot_matches_a_stray_byte() -> None:
    assert compile_pattern("a.b").matches(b"a\xffb")
    assert compile_pattern("a[^x]b").matches(b"a\x80b")


@pytest.mark.parametrize("data", ["Ungültig".encode(), "Ungültig".encode("latin-1"), b"\xff" + "Ungültig".encode()])
def test_a_pattern_beyond_ascii_reads_utf8_and_stray_bytes_as_latin1(data: bytes) -> None:
    pattern = compile_pattern("ungültig", ignore_case=True)
    assert pattern.is_text
    assert pattern.matches(data)


def test_normalised_text_keeps_ascii_and_is_valid_utf8() -> None:
    assert normalise_text(b"\xe2(\xa1 plain \xed\xa0\x80") == "\xe2(\xa1 plain \xed\xa0\x80".encode()


def test_flags_change_what_matches() -> None:
    assert compile_pattern("^b$", multi_line=True).matches(b"a\nb\nc")
    assert not compile_pattern("^b$").matches(b"a\nb\nc")
    assert compile_pattern("a.b", dot_all=True).matches(b"a\nb")
    assert not compile_pattern("a.b").matches(b"a\nb")
    assert compile_pattern("ABC", ignore_case=True).matches(b"xabcx")
    assert not compile_pattern("ABC").matches(b"xabcx")


def test_groups_are_told_by_number_and_by_name() -> None:
    pattern = compile_pattern(r"(?P<product>\w+)/(?<version>[\d.]+)(x)?")
    match = pattern.search(b"zeus/3.3")
    assert match is not None
    assert pattern.group_count == 3
    assert dict(pattern.group_names) == {"product": 1, "version": 2}
    assert match.groups_by_name() == {"product": b"zeus", "version": b"3.3"}
    assert match.group("version") == b"3.3"
    assert match.group(3) is None
    assert match.group() == b"zeus/3.3"
    with pytest.raises(IndexError, match="no such group: os"):
        match.group("os")
    with pytest.raises(IndexError):
        match.group(9)


def test_all_matches_are_found_in_order() -> None:
    found = [match.group() for match in compile_pattern(r"\d+").find_all(b"1, 22 and 333")]
    assert found == [b"1", b"22", b"333"]


def test_a_pattern_survives_pickling_with_its_flags() -> None:
    pattern = pickle.loads(pickle.dumps(compile_pattern("^abc", ignore_case=True, multi_line=True)))  # noqa: S301  our own bytes
    assert pattern.matches(b"x\nABC")
    assert pattern.source == "^abc"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a(?=b)", "look-ahead (?= at character 2"),
        ("(?!b)", "negative look-ahead (?! at character 1"),
        ("ab(?<=b)", "look-behind (?<= at character 3"),
        ("(?<!b)", "negative look-behind (?<! at character 1"),
        ("(?>b)", "an atomic group (?> at character 1"),
        (r"(a)\1", r"back-reference \1 at character 4"),
        (r"(?P<n>a)(?P=n)", "back-reference (?P= at character 9"),
        (r"(?<n>a)\k<n>", r"back-reference \k at character 8"),
        (r"(a)\g1", r"back-reference or subroutine \g at character 4"),
        ("a++", "the possessive repetition ++ at character 2"),
        ("a{1,2}+", "the possessive repetition {1,2}+ at character 2"),
        ("a**", "a repetition of a repetition at character 3"),
        ("(?R)", "recursion (?R at character 1"),
        ("(?1)", "a subroutine call (? at character 1"),
        ("(?-1)", "a subroutine call (? at character 1"),
        ("(?(1)a|b)", "a conditional group (?( at character 1"),
        ("(?|a|b)", "a branch reset group (?| at character 1"),
        ("(*SKIP)a", "a control verb (* at character 1"),
        ("(?{1})", "code (?{ at character 1"),
        ("(?x)a b", "the verbose flag x at character 1"),
        (r"a\h", r"\h at character 2"),
        (r"[\h]", r"\h at character 2"),
        (r"\K", r"\K (match reset) at character 1"),
        (r"\y", r"the escape \y at character 1"),
        (r"[\A]", r"the escape \A at character 2"),
        ("a{1001}", "the repetition {1001} at character 2"),
        ("a{2,1}", "the repetition {2,1} at character 2"),
        ("a{99999999999999999999}", "the repetition {99999999999999999999} at character 2"),
        (r"\x4", r"a broken escape \x at character 1"),
        (r"\x{110000}", r"a broken escape \x at character 1"),
        (r"\u12", r"a broken escape \u at character 1"),
        (r"\c1", r"a broken escape \c at character 1"),
        (r"(a\Z)", r"\Z with something after or around it at character 3"),
        (r"a\Zb", r"\Z with something after or around it at character 2"),
        (r"(?:a\Z|b)c", r"\Z with something after or around it at character 5"),
    ],
)
def test_what_re2_lacks_is_refused_by_name_and_place(source: str, name: str) -> None:
    with pytest.raises(PatternError) as refusal:
        compile_pattern(source, where="pack.yaml:3")
    assert refusal.value.what == f"the pattern uses {name}, which is refused."
    assert refusal.value.where == "pack.yaml:3"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("a(b", "a group of the pattern is never closed."),
        ("a)", "the group closed at character 2 was never opened."),
        ("[a", "the class that begins at character 1 is never closed."),
        ("(?#a", "the comment at character 1 is never closed."),
        ("*a", "the repetition at character 1 has nothing to repeat."),
        ("a|+", "the repetition at character 3 has nothing to repeat."),
        ("a\\", "the pattern ends with a lone backslash."),
        ("(?<a b>c)", "the name of the group at character 1 is broken."),
        ("\ud800", "the pattern holds half of a surrogate pair, which is no character."),
        ("(" * 201 + ")" * 201, "the groups of the pattern are nested deeper than 200."),
        ("a" * 70_000, "the pattern has 70000 characters; 65536 are allowed."),
        ("[b-a]", "RE2 does not take the pattern [b-a]: invalid character class range: b-a."),
        ("(a{500}){3}", "RE2 does not take the pattern (a{500}){3}: invalid repetition size: {3}."),
    ],
)
def test_a_broken_pattern_is_told_in_one_sentence(source: str, sentence: str) -> None:
    with pytest.raises(PatternError) as refusal:
        compile_pattern(source)
    assert refusal.value.what == sentence


def test_memory_of_a_pattern_is_capped() -> None:
    with pytest.raises(PatternError, match="too large"):
        compile_pattern(r"((\pL{100}){10}|x){1}", memory_bytes=1 << 16)


@pytest.mark.parametrize(
    ("source", "data", "expected"),
    [
        (r"ab\Z", b"ab\n", True),
        (r"ab\Z", b"ab\nc", False),
        (r"ab\Z|cd", b"xcdx", True),
        (r"(?:x(?:ab\Z))", b"xab", True),
        (r"\e\[0m", b"\x1b[0m", True),
        (r"[\b]", b"\x08", True),
        (r"\cA", b"\x01", True),
        (r"\u0041", b"A", True),
        (r"\u{20ac}", "€".encode(), True),
        (r"\u00e9", "é".encode(), True),
        (r"\xe9", b"\xe9", True),
        (r"\012", b"\n", True),
        (r"\101", b"A", True),
        (r"a(?# a comment )b", b"ab", True),
        ("(?'name'a)b", b"ab", True),
        (r"\Qa.b\E+", b"a.bb", True),
        (r"\Qa.b\E", b"axb", False),
        ("a{b", b"a{b", True),
        ("a{1,b}", b"a{1,b}", True),
        ("a{,3}b", b"a{,3}b", True),
        ("a{2}b", b"aab", True),
        ("a{2}b", b"ab", False),
        ("a+?b", b"aab", True),
        ("[]a]", b"]", True),
        ("[^]a]", b"]", False),
        ("[.]", b"x", False),
        ("[[:alpha:]]", b"7", False),
        (r"[\w-.]", b"-", True),
        (r"\é", "é".encode(), True),
        (r"\p{Greek}", "π".encode(), True),
        ("(?i)a(?-i)b", b"Ab", True),
        ("(?i)a(?-i)b", b"AB", False),
        ("(?s-m:a.)b", b"a\nb", True),
        (r"\/\"\-", b'/"-', True),
        ("", b"", True),
    ],
)
def test_spellings_of_other_engines_keep_their_meaning(source: str, data: bytes, expected: bool) -> None:  # noqa: FBT001  a column of the table
    assert compile_pattern(source).matches(data) is expected
