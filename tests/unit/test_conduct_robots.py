"""robots.txt by the letter of RFC 9309."""

import pytest

from ebbtide.conduct.robots import ALL_CLOSED, ALL_OPEN, MOST_ROBOTS_BYTES, MOST_RULES, parse_robots, robots_of
from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Stage
from ebbtide.model.transcripts import Deviation, Exchange, Purpose, Request

RFC_EXAMPLE = b"""
User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: ebbtide
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: other
User-Agent: EbbTide/2.1
Allow: /example/publication.txt
"""


def allows(robots: bytes, *paths: str) -> list[bool]:
    read = parse_robots(robots)
    return [read.allows(path) for path in paths]


def rules(*lines: str) -> bytes:
    return "\n".join(("User-agent: *", *lines)).encode()


def exchange(status: int | None, body: bytes = b"", outcome: Outcome | None = None, **what: object) -> Exchange:
    request = Request("/robots.txt", Purpose.ROBOTS)
    return Exchange(b"t" * 16, 1, 3, 1, request, 0, outcome or Answered(), status=status, body=body, **what)  # type: ignore[arg-type]


def test_groups_for_us_are_joined_and_then_those_for_everybody_do_not_count() -> None:
    paths = ("/", "/x.gif", "/example/page.html", "/example/allowed.gif", "/example/publication.txt", "/publications/")
    assert allows(RFC_EXAMPLE, *paths) == [False, False, True, True, True, False]


def test_without_a_group_for_us_the_one_for_everybody_counts_and_nobody_elses() -> None:
    robots = b"User-agent: ebbtides\nDisallow: /\nUser-agent: *\nDisallow: /a\nUser-agent: ebb\nDisallow: /"
    assert allows(robots, "/a", "/b") == [False, True]
    assert allows(b"User-agent: other\nDisallow: /", "/a") == [True]


def test_lines_before_any_group_and_lines_of_other_kinds_do_not_count() -> None:
    robots = b"Disallow: /a\nUser-agent: *\nCrawl-delay: 3\nSitemap: /b\nUser-agent: other\nnonsense\nDisallow: /c"
    assert allows(robots, "/a", "/b", "/c") == [True, True, False]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_all_three_ends_of_a_line_comments_blanks_and_a_byte_order_mark_are_read(end: bytes) -> None:
    lines = (b"\xef\xbb\xbfuser-AGENT :\t* # all", b"", b"   ", b" DISALLOW :  /a  # no", b"#Disallow: /b", b"Allow")
    assert allows(end.join(lines), "/a", "/b") == [False, True]


def test_the_longest_rule_wins_and_allow_wins_a_tie() -> None:
    assert allows(rules("Disallow: /", "Allow: /p", "Disallow: /page"), "/x", "/p", "/pa", "/page") == [
        False, True, True, False,
    ]  # fmt: skip
    for lines in (("Disallow: /same", "Allow: /same"), ("Allow: /same", "Disallow: /same")):
        assert allows(rules(*lines), "/same/x") == [True]


def test_an_empty_rule_matches_nothing() -> None:
    assert allows(rules("Disallow:"), "/", "/a") == [True, True]
    assert allows(rules("Disallow: /a", "Allow:"), "/a") == [False]


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("/a", ("/a", "/ab", "/a/b", "/a?b"), ("/A", "/b", "/")),
        ("/*.php", ("/x.php", "/x.php5", "/.php?a"), ("/x.ph", "/php")),
        ("/*.php$", ("/x.php", "/x.php.php"), ("/x.php5", "/x.php?a")),
        ("/a$", ("/a",), ("/a/", "/ab")),
        ("/a*$", ("/a", "/ab"), ("/b",)),
        ("/a*b*a$", ("/aba", "/axbxba"), ("/ab", "/a", "/abab")),
        ("/*aa$", ("/aa", "/aaa"), ("/a",)),
        ("*", ("/", "/a"), ()),
        ("/a**b", ("/ab", "/axb"), ("/a",)),
        ("/$a", ("/$a", "/%24a"), ("/a",)),
        ("/a%2Ab", ("/a*b", "/a%2ab"), ("/axb",)),
        ("/x?y=1", ("/x?y=1&z",), ("/x",)),
        ("/*/private", ("/a/private", "/x?p=/private"), ("/private",)),
    ],
)
def test_stars_and_dollars_stand_for_what_they_should(
    pattern: str, matching: tuple[str, ...], others: tuple[str, ...]
) -> None:
    robots = rules(f"Disallow: {pattern}")
    assert allows(robots, *matching) == [False] * len(matching)
    assert allows(robots, *others) == [True] * len(others)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar"),
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84"),
        ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
        ("/foo/bar/baz", "/foo/bar/%62%61%7A"),
        ("/100%", "/100%25"),
    ],
)
def test_one_path_in_two_spellings_is_one_path(pattern: str, path: str) -> None:
    assert allows(rules(f"Disallow: {pattern}"), path) == [False]


def test_an_escaped_slash_is_no_slash() -> None:
    assert allows(rules("Disallow: /a%2Fb"), "/a/b", "/a%2fb") == [True, False]


def test_robots_txt_itself_is_always_allowed() -> None:
    assert allows(rules("Disallow: /"), "/robots.txt", "/robots.txt.bak") == [True, False]


@pytest.mark.parametrize(
    ("answer", "is_open"),
    [
        (exchange(404), True),
        (exchange(401), True),
        (exchange(429), True),
        (exchange(301), True),
        (exchange(500), False),
        (exchange(503), False),
        (exchange(700), False),
        (exchange(200), True),
        (exchange(None, b"User-agent: *\nDisallow: /"), False),
        (exchange(200, b"<html>Not found</html>"), True),
        (exchange(200, b"User-agent: *\nAllow: /", is_truncated=True), False),
        (exchange(200, b"User-agent: *", deviations=(Deviation.BODY_SHORTER_THAN_LENGTH,)), False),
        (exchange(200, b"#" * MOST_ROBOTS_BYTES, is_truncated=True), True),
        (exchange(200, b"User-agent: *\nAllow: /", Failed(Stage.RESPONSE, Fault.RESET)), False),
        (exchange(None, b"", Failed(Stage.CONNECT, Fault.TIMED_OUT)), False),
    ],
)
def test_what_cannot_be_known_closes_and_what_is_not_there_opens(answer: Exchange, *, is_open: bool) -> None:
    assert robots_of(answer).allows("/admin") is is_open


def test_what_stands_behind_500_kib_does_not_count_nor_does_the_line_that_is_cut_there() -> None:
    line = b"\nDisallow: /admin"
    head = b"User-agent: *\n" + b"#" * (MOST_ROBOTS_BYTES - 14 - len(line) - 1)
    assert allows(head + line + b"\nmore", "/admin") == [False]
    assert allows(head + b"##" + line, "/admin", "/adm") == [True, True]


def test_more_rules_than_anybody_needs_close_everything() -> None:
    many = [f"Allow: /{number}" for number in range(MOST_RULES)]
    assert parse_robots(rules(*many)).rules
    assert allows(rules(*many, *many), "/x") == [True]
    assert parse_robots(rules(*many, "Allow: /x")) == ALL_CLOSED
    others = b"\nUser-agent: ebbtide\nDisallow: /y"
    assert allows(rules(*many, "Allow: /x") + others, "/x", "/y") == [True, False]


def test_an_empty_file_opens_everything() -> None:
    assert parse_robots(b"") == ALL_OPEN
