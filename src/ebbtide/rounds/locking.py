"""Locks between processes, which the kernel lets go when their holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ebbtide.model.errors import RoundError


@contextmanager
def round_lock(folder: Path, label: str) -> Iterator[None]:
    """Hold the only right to write to a round.

    Args:
        folder: The round's folder; made if missing.
        label: For the error.

    Raises:
        RoundError: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not try_lock(descriptor):
            raise RoundError(
                f"another process is working on round {label}.", remedy="Let it finish, or stop it, then try again."
            )
        yield
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take an exclusive lock on an open file, without waiting; it goes when the file is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
