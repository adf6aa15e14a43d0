"""The C library's heap, told that a survey takes again at once what it gives back."""

import ctypes
from functools import cache

KEPT_BYTES = 64 * 1024 * 1024
"""Freed memory at the heap's end that stays with the process."""

_M_TRIM_THRESHOLD = -1


@cache
def keep_freed_memory() -> bool:
    """Keep what is freed up to ``KEPT_BYTES``; whether this C library can.

    glibc returns a freed end of more than 128 KiB to the kernel. Where every answer is a piece of some ten thousand
    octets that is soon done with, it would do so at nearly each of them, and have the pages made anew for the next.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES))
    except (OSError, AttributeError):  # no glibc
        return False
