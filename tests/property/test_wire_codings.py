import gzip
import zlib
from collections.abc import Callable

import brotli
from hypothesis import given, settings
from hypothesis import strategies as st

from coded_bombs import zstd
from ebbtide.wire.content import DecodedBody, decode_body

PACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstd.compress,
}
CODINGS = st.lists(st.sampled_from(sorted(PACKERS)), min_size=1, max_size=3)
PAGES = st.one_of(
    st.binary(min_size=1, max_size=2000),
    st.builds(lambda piece, times: piece * times, st.binary(min_size=1, max_size=20), st.integers(1, 40_000)),
)
CAP = 300_000


def pack(page: bytes, codings: list[bytes]) -> bytes:
    for coding in codings:
        page = PACKERS[coding](page)
    return page


def is_honest(decoded: DecodedBody, page: bytes, coded: bytes) -> bool:
    """What was kept is a beginning of the page, or, where not an octet could be decoded, what was received."""
    return (decoded.body == coded[:CAP]) if decoded.is_undecodable else page.startswith(decoded.body)


@settings(max_examples=150, deadline=None)
@given(PAGES, CODINGS)
def test_what_was_packed_comes_out_whole_or_its_beginning_does(page: bytes, codings: list[bytes]) -> None:
    decoded = decode_body(pack(page, codings), codings, CAP)
    assert page.startswith(decoded.body)
    assert decoded.is_truncated == (len(decoded.body) < len(page))
    assert decoded.is_truncated or not decoded.deviations


@settings(max_examples=150, deadline=None)
@given(page=PAGES, codings=CODINGS, share=st.floats(0, 1), is_cut=st.booleans())
def test_what_breaks_off_gives_a_beginning_of_the_truth(
    page: bytes, codings: list[bytes], share: float, *, is_cut: bool
) -> None:
    coded = pack(page, codings)
    coded = coded[: int(share * len(coded))]
    assert is_honest(decode_body(coded, codings, CAP, is_truncated=is_cut), page, coded)


@settings(max_examples=100, deadline=None)
@given(PAGES, st.sampled_from(sorted(PACKERS)), st.binary(min_size=1, max_size=100))
def test_garbage_behind_the_end_leaves_a_beginning_of_the_truth(page: bytes, coding: bytes, garbage: bytes) -> None:
    coded = pack(page, [coding]) + garbage
    decoded = decode_body(coded, [coding], CAP)
    assert not decoded.is_undecodable
    assert decoded.body[: len(page)] == page[: len(decoded.body)]


@settings(max_examples=150, deadline=None)
@given(PAGES, CODINGS, st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.integers(1, 50_000))
def test_damage_never_raises_and_never_gives_more_than_the_cap(
    page: bytes, codings: list[bytes], place: int, damage: bytes, cap: int
) -> None:
    coded = bytearray(pack(page, codings))
    place %= len(coded)
    coded[place : place + len(damage)] = damage
    assert len(decode_body(bytes(coded), codings, cap).body) <= cap
