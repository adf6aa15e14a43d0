"""Bombs of ten gigabytes in every coding; run as a program it says what decoding each of them costs in memory."""

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import brotli

from ebbtide.wire.content import decode_body

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["bombs", "zstd"]

CAP = 262_144
MEGABYTE = 1 << 20
MEGABYTES = 10 * 1024
_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"


def deflate_bomb(megabytes: int) -> bytes:
    """Zeros without a wrapper: one flushed block, again and again."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * megabytes + packer.flush()


def zstd_bomb(megabytes: int) -> bytes:
    """One frame (RFC 8878, 3.1.1) with a window of 8 MB, of blocks that repeat one octet 128 Ki times."""
    head = b"\x28\xb5\x2f\xfd\x00" + bytes([(23 - 10) << 3])
    block = ((131_072 << 3) | (1 << 1)).to_bytes(3, "little") + b"\0"
    return head + block * (8 * megabytes) + b"\x01\0\0"


def brotli_bomb(megabytes: int) -> bytes:
    """Zeros, a flushed part again and again; the first two parts make the state that every later one leaves behind."""
    packer = brotli.Compressor(quality=5, lgwin=24)
    first, second, third = (packer.process(bytes(MEGABYTE)) + packer.flush() for _ in range(3))
    return first + second + third * (megabytes - 2) + packer.finish()


def bombs(megabytes: int) -> Iterator[tuple[str, bytes]]:
    """Codings joined by commas, and what they unfold to so many megabytes of zeros."""
    plain = deflate_bomb(megabytes)
    gzipped = _GZIP_HEAD + plain
    yield "deflate", plain
    yield "gzip", gzipped
    yield "br", brotli_bomb(megabytes)
    yield "zstd", zstd_bomb(megabytes)
    yield "gzip,gzip", zlib.compress(gzipped, wbits=31)
    yield "gzip,br", brotli.compress(gzipped, quality=5)
    yield "br,zstd", zstd.compress(brotli_bomb(megabytes))


def _peak_kib() -> int:
    """Most memory that was ever resident in this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


if __name__ == "__main__":
    decode_body(zlib.compress(bytes(10 * CAP)), (b"deflate",), CAP)
    for codings, bomb in bombs(MEGABYTES):
        before = _peak_kib()
        decoded = decode_body(bomb[: CAP * 2], codings.encode().split(b","), CAP, is_truncated=len(bomb) > CAP * 2)
        sys.stdout.write(f"{codings} {len(decoded.body)} {(_peak_kib() - before) / 1024:.1f}\n")
