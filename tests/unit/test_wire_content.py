import gzip
import zlib

import pytest

from ebbtide.model.transcripts import Deviation
from ebbtide.wire.content import decode_body

TEXT = b"Under Construction. " * 50


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coded", "codings"),
    [
        (TEXT, ()),
        (gzip.compress(TEXT), (b"gzip",)),
        (gzip.compress(TEXT), (b"x-gzip",)),
        (zlib.compress(TEXT), (b"deflate",)),
        (raw_deflate(TEXT), (b"deflate",)),
        (gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), (b"gzip",)),
        (gzip.compress(zlib.compress(TEXT)), (b"deflate", b"gzip")),
    ],
)
def test_codings_are_undone(coded: bytes, codings: tuple[bytes, ...]) -> None:
    decoded = decode_body(coded, codings, 10_000)
    assert (decoded.body, decoded.is_truncated, decoded.deviations) == (TEXT, False, ())


def test_what_unfolds_beyond_the_cap_is_cut() -> None:
    decoded = decode_body(gzip.compress(b"\0" * 50_000_000), (b"gzip",), 1000)
    assert decoded.body == b"\0" * 1000
    assert decoded.is_truncated
    assert decoded.deviations == ()


def test_many_empty_members_end() -> None:
    decoded = decode_body(gzip.compress(b"") * 10_000, (b"gzip",), 1000)
    assert decoded.is_undecodable
    assert decoded.deviations == (Deviation.BAD_CODING,)


def test_an_unknown_coding_leaves_the_octets_as_they_are() -> None:
    decoded = decode_body(b"\x0b\x02", (b"br",), 1000)
    assert (decoded.body, decoded.deviations) == (b"\x0b\x02", (Deviation.UNKNOWN_CODING,))


def test_too_many_codings_are_not_undone() -> None:
    assert decode_body(b"abc", (b"gzip",) * 5, 1000).deviations == (Deviation.UNKNOWN_CODING,)


def test_a_body_that_is_not_coded_at_all_cannot_be_decoded_and_is_kept() -> None:
    decoded = decode_body(b"<html>plain", (b"gzip",), 1000)
    assert decoded.is_undecodable
    assert (decoded.body, decoded.deviations) == (b"<html>plain", (Deviation.BAD_CODING,))


def test_a_damaged_body_is_kept_up_to_the_damage() -> None:
    coded = bytearray(gzip.compress(bytes(range(256)) * 40, compresslevel=0))
    coded[5000:5010] = b"\xff" * 10
    coded = coded[:-8]
    decoded = decode_body(bytes(coded), (b"gzip",), 100_000)
    assert decoded.body.startswith(bytes(range(256)))
    assert (decoded.is_truncated, decoded.deviations) == (True, (Deviation.BAD_CODING,))


def test_a_coded_body_that_our_own_cap_cut_is_no_fault_of_the_server() -> None:
    decoded = decode_body(gzip.compress(bytes(range(256)) * 40)[:-30], (b"gzip",), 100_000, is_truncated=True)
    assert decoded.is_truncated
    assert decoded.deviations == ()


def test_an_empty_body_needs_no_decoding() -> None:
    assert decode_body(b"", (b"gzip",), 10).deviations == ()
