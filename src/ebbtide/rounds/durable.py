"""Putting files in place so that a crash leaves either the whole file or none."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".unfinished"
"""Suffix of what is not yet in place; no reader looks at it."""


def write_file(path: Path, content: bytes) -> None:
    """Write a whole file: under another name, flushed to the disk, then renamed, then its folder flushed."""
    with replacing(path) as unfinished:
        unfinished.write_bytes(content)
    sync_folder(path.parent)


@contextmanager
def replacing(path: Path, *, flushes: bool = True) -> Iterator[Path]:
    """Yield the path to write to; on leaving it is flushed, unless somebody does that later, and renamed to ``path``.

    The folder is not flushed: who writes many files into one folder calls ``sync_folder`` once.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        yield unfinished
        if flushes:
            _sync_file(unfinished)
    except Exception:
        unfinished.unlink(missing_ok=True)
        raise
    unfinished.replace(path)


def make_folder(path: Path) -> None:
    """Make a folder and its parents, and flush every folder that got a new entry."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for made in reversed(missing):
        sync_folder(made.parent)


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush(paths: Iterable[Path]) -> None:
    """Flush files to the disk, then each of their folders once.

    Files that were all written before the first of them is flushed cost half of what they cost one after the other.
    """
    written = list(paths)
    for path in written:
        _sync_file(path)
    for folder in sorted({path.parent for path in written}):
        sync_folder(folder)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
