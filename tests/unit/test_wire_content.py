import gzip
import subprocess
import sys
import zlib
from pathlib import Path

import brotli
import pytest

from coded_bombs import zstd
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
        (brotli.compress(TEXT), (b"br",)),
        (zstd.compress(TEXT), (b"zstd",)),
        (zstd.compress(TEXT[:100]) + zstd.compress(TEXT[100:]), (b"zstd",)),
        (zstd.compress(brotli.compress(gzip.compress(TEXT))), (b"gzip", b"br", b"zstd")),
    ],
    ids=[
        "none",
        "gzip",
        "x-gzip",
        "zlib",
        "deflate",
        "gzip-twice",
        "zlib-gzip",
        "br",
        "zstd",
        "zstd-twice",
        "gzip-br-zstd",
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
    decoded = decode_body(b"\x0b\x02", (b"compress",), 1000)
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


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_what_unfolds_to_too_many_times_its_size_is_cut_and_named(coding: str) -> None:
    coded = {"br": brotli.compress, "zstd": zstd.compress}[coding](bytes(4_000_000))
    decoded = decode_body(coded, (coding.encode(),), 2_000_000, ratio=1000)
    assert len(coded) < 1000
    assert decoded.body == bytes(1000 * max(256, len(coded)))
    assert (decoded.is_truncated, decoded.deviations) == (True, (Deviation.CODING_RATIO,))


def test_codings_within_codings_are_held_against_the_octets_that_were_received() -> None:
    coded = gzip.compress(gzip.compress(bytes(50_000_000)))
    decoded = decode_body(coded, (b"gzip", b"gzip"), 10_000_000, ratio=1000)
    assert decoded.body == bytes(1000 * max(256, len(coded)))
    assert decoded.deviations == (Deviation.CODING_RATIO,)


def test_the_most_that_deflate_can_do_with_one_letter_is_within_the_usual_ratio_of_a_small_page() -> None:
    decoded = decode_body(gzip.compress(b"a" * 200_000), (b"gzip",), 262_144)
    assert (decoded.body, decoded.is_truncated, decoded.deviations) == (b"a" * 200_000, False, ())


@pytest.mark.parametrize(("coding", "pack"), [(b"br", brotli.compress), (b"zstd", zstd.compress)])
def test_octets_behind_the_end_do_not_cost_what_stands_before_them(coding: bytes, pack: object) -> None:
    assert callable(pack)
    decoded = decode_body(pack(TEXT) + b"\xff\xfe garbage", (coding,), 10_000)
    assert (decoded.body, decoded.deviations) == (TEXT, (Deviation.BAD_CODING,))


def test_a_window_larger_than_the_web_admits_is_not_allocated() -> None:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    decoded = decode_body(packer.compress(bytes(1 << 20)) + packer.flush(), (b"zstd",), 1000)
    assert decoded.is_undecodable


def test_ten_gigabytes_in_any_coding_never_take_more_memory_than_cap_and_window() -> None:
    program = Path(__file__).parents[1] / "coded_bombs.py"
    told = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(told) == 7
    for line in told:
        name, kept, more_mib = line.split()
        assert int(kept) <= 262_144, line
        assert float(more_mib) < 32, line  # the window of br, 16 MiB, and what it is grown from
        assert name
