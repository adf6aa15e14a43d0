"""robots.txt as nobody should write it: any octets are read, in bounded work, and as the plainest matcher reads."""

import sys
from collections.abc import Callable
from functools import cache
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.conduct import robots
from ebbtide.conduct.robots import MOST_ROBOTS_BYTES, Rule, parse_robots

TraceFunction = Callable[[FrameType, str, Any], Any]
WORDS = st.sampled_from(
    [b"User-agent:", b"Disallow:", b"Allow:", *(bytes((octet,)) for octet in b"*/%$#\n\r\0"), b"ebbtide"]
)
FILES = st.one_of(st.binary(max_size=300), st.lists(WORDS | st.binary(max_size=3), max_size=60).map(b"".join))
LETTERS = st.text("ab*$/?", max_size=12)


@given(FILES, st.text(max_size=30))
def test_any_octets_are_read_and_any_path_is_decided(octets: bytes, path: str) -> None:
    assert parse_robots(octets).allows("/" + path) in (True, False)


@given(FILES, st.binary(max_size=40))
def test_a_file_that_is_cut_anywhere_is_read(octets: bytes, more: bytes) -> None:
    for end in range(len(octets)):
        parse_robots(octets[:end] + more)


@given(LETTERS, LETTERS)
def test_a_pattern_matches_as_a_plain_search_of_all_its_readings_does(pattern: str, path: str) -> None:
    path = "/" + path.replace("*", "x").replace("$", "y")
    is_closed = not parse_robots(f"User-agent: *\nDisallow: {pattern}".encode()).allows(path)
    assert is_closed == (bool(pattern) and plainly_matches(pattern, path))


def plainly_matches(pattern: str, path: str) -> bool:
    """Every way to spread the stars is tried: right, and slow on long patterns."""
    is_anchored = pattern.endswith("$")
    body = pattern[:-1] if is_anchored else pattern

    @cache
    def fits(at: int, in_path: int) -> bool:
        if at == len(body):
            return in_path == len(path) or not is_anchored
        if body[at] == "*":
            return any(fits(at + 1, later) for later in range(in_path, len(path) + 1))
        return in_path < len(path) and path[in_path] == body[at] and fits(at + 1, in_path + 1)

    return fits(0, 0)


class CountingBytes(bytes):
    """Counts the octets that are searched."""

    touched = 0

    def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        end = len(self) if end is None else end
        found = super().find(sub, start, end)
        CountingBytes.touched += max(0, (end if found < 0 else found + len(sub)) - start)
        return found


@pytest.mark.parametrize("pattern", [b"/" + b"*a" * 100_000, b"/" + b"*ab" * 100_000 + b"$", b"/" + b"*" * 200_000])
def test_a_pattern_of_many_stars_looks_at_each_octet_of_a_path_once(pattern: bytes) -> None:
    (rule,) = parse_robots(b"User-agent: *\nDisallow: " + pattern).rules
    assert isinstance(rule, Rule)
    path = CountingBytes(b"/" + b"a" * 5_000)
    CountingBytes.touched = 0
    rule.matches(path)
    assert CountingBytes.touched <= len(path)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b"User-agent: a%05d\n", b"Disallow: /%05d\n"),
        (b"User-agent: *\nDisallow: /%05d\n", b"User-agent: *\nAllow: /%05d\n"),
        (b"User-agent: ebbtide\nUser-agent: *\nAllow: /%05d\n", b"User-agent: *%05d\n"),
    ],
)
def test_twice_the_file_takes_twice_the_steps(first: bytes, second: bytes) -> None:
    def steps(lines: int) -> int:
        octets = b"".join(line % number for line in (first, second) for number in range(lines))
        return steps_of(lambda: parse_robots(octets))

    assert steps(800) <= 2.1 * steps(400)


def steps_of(act: Callable[[], object]) -> int:
    """Lines of the reader that are run."""
    steps = 0

    def count(frame: FrameType, _event: str, _argument: object) -> TraceFunction | None:
        nonlocal steps
        steps += 1
        return count if frame.f_code.co_filename == robots.__file__ else None

    before = sys.gettrace()
    sys.settrace(count)
    try:
        act()
    finally:
        sys.settrace(before)
    return steps


def test_no_more_than_the_limit_is_ever_taken_apart() -> None:
    behind = b"\nDisallow: /never\n"
    assert parse_robots(b"User-agent: *" + behind).rules
    assert parse_robots(b"User-agent: *\n" + b"#" * MOST_ROBOTS_BYTES + behind).rules == ()
