"""The C library's heap, told that a survey takes again at once what it gives back."""

import ctypes
from functools import cache

KEPT_BYTES = 64 * 1024 * 1024
"""Freed memory at the heap's end that stays with the process."""

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_MAPPED_BYTES = 32 * 1024 * 1024
"""Only pieces beyond this are mapped and given back one by one, with all their pages made anew; more it cannot be."""


@cache
def keep_freed_memory() -> bool:
    """Keep what is freed up to ``KEPT_BYTES``; whether this C library can.

    glibc returns a freed end of more than 128 KiB to the kernel. Where every answer is a piece of some ten thousand
    octets that is soon done with, it would do so at nearly each of them, and have the pages made anew for the next.
    """
    try:
        library = ctypes.CDLL(None)
        return bool(
            library.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES) and library.mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
        )
    except (OSError, AttributeError):  # no glibc
        return False
