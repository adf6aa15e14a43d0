"""The cyclic garbage collector, told that a loop makes many records and no cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (50_000, 20, 100)
"""Instead of 700, 10 and 10: every look is at records that are about to go by themselves."""


@contextmanager
def rare_collection() -> Iterator[None]:
    """Have the collector look seldom, and never at what was there before; as it was afterwards."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
