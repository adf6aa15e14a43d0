"""Rights that the sensor gives up, and files that it may have open."""

import contextlib
import os
import pwd
import resource
from collections.abc import Iterator
from pathlib import Path

from ebbtide.pressure.records import PressureError

_UMASK = 0o077
_FILES_ASIDE = 128
"""Files open beside connections: listeners, segments, and connections whose answers are still being taken."""


def demand_unprivileged(user: str) -> pwd.struct_passwd | None:
    """Who the sensor is to run as; ``None`` to stay who we are.

    Args:
        user: Name; empty if none was given.

    Raises:
        PressureError: We are root and nobody else was named, or the name is of no use.
    """
    is_root = os.geteuid() == 0
    if not user:
        if is_root:
            raise PressureError(
                "the sensor does not run as root.",
                remedy="Start it as another user, or name one with --user: root then only opens the ports.",
            )
        return None
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise PressureError(f"there is no user {user[:40]!r}.", remedy="Make one, or name another.") from None
    if entry.pw_uid == 0:
        raise PressureError(f"{user} is root.", remedy="Name a user without its rights.")
    if not is_root and entry.pw_uid != os.geteuid():
        raise PressureError(f"only root can become {user}.", remedy=f"Start the sensor as {user}, without --user.")
    return entry if is_root else None


def prepare_folder(folder: Path, owner: pwd.struct_passwd) -> None:
    """Make a folder for somebody, if it is not there yet; one that is there is left alone.

    Raises:
        PressureError: It cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
        os.chown(folder, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    except FileExistsError:
        return
    except OSError as error:
        raise PressureError(f"the folder cannot be made: {error.strerror}.", where=str(folder)) from error


def become(entry: pwd.struct_passwd) -> None:
    """Become somebody for good: groups, group, user.

    Raises:
        PressureError: Root could be had again.
    """
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    with contextlib.suppress(PermissionError):
        os.setresuid(0, 0, 0)
        raise PressureError("the rights of root could not be given up.")


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Files made meanwhile are for their owner alone."""
    before = os.umask(_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def affordable_connections(wanted: int) -> int:
    """How many connections may be open at once under the limit on files, which is raised as far as it may be."""
    needed = wanted + _FILES_ASIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - _FILES_ASIDE))
