"""Sources as the sensor keeps them: with hashes, a key of each month that nobody has once the month is over."""

import contextlib
import datetime as dt
import os
import secrets
import stat
from pathlib import Path

import msgspec

from ebbtide.pressure.records import PressureError
from ebbtide.pressure.sources import (
    NEARNESS_BY_BLOCK,
    Keeping,
    Neighbourhood,
    SourcePolicy,
    forget_hashes,
    write_source,
)

KEY_FILE = ".key"
_KEY_BYTES = 32
_NS = 1_000_000_000
_MOST_KNOWN = 16_384
_BLOCKS = {nearness: block for block, nearness in NEARNESS_BY_BLOCK.items()}


class _MonthKey(msgspec.Struct, frozen=True):
    month: str
    key: str


class SourceKeeper:
    """Keeps sources by a policy. The key of a month lies in the folder; that of an earlier one is overwritten by it.

    Args:
        folder: Of the segments.
        keeping: How.
        own: Our own IPv4 address; empty if it is not told.
        now_ns: Nanoseconds since 1970.

    Raises:
        PressureError: The key cannot be read or written, or others may read it.
    """

    def __init__(self, folder: Path, keeping: Keeping, own: str, now_ns: int) -> None:
        self._path = folder / KEY_FILE
        self._keeping = keeping
        self._neighbourhood = Neighbourhood(own)
        self._known: dict[str, tuple[str, int]] = {}
        self._policy = SourcePolicy()
        self._month = ""
        self._month_end_ns = 0
        self._turn(now_ns)

    @property
    def is_own_known(self) -> bool:
        """Whether it can be told how near a source lies."""
        return self._neighbourhood.is_known

    def keep(self, host: str, at_ns: int) -> tuple[str, int]:
        """What is kept of a source.

        Args:
            host: Its address, as the system writes it.
            at_ns: When it called.

        Returns:
            The source, and how near it lies: 16, 8, or 0 for neither.
        """
        if at_ns >= self._month_end_ns:
            self._turn(at_ns)
        kept = self._known.get(host)
        if kept is None:
            source = write_source(host.encode())
            kept = self._policy.keep(source, self._month), _BLOCKS[self._neighbourhood.of(source)]
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[host] = kept
        return kept

    def _turn(self, at_ns: int) -> None:
        """Begin a month; it ends for good with the first call of the next."""
        day = dt.datetime.fromtimestamp(at_ns // _NS, dt.UTC).date()
        following = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        is_first = not self._month
        self._month_end_ns = int(dt.datetime(following.year, following.month, 1, tzinfo=dt.UTC).timestamp()) * _NS
        self._month = f"{day:%Y-%m}"
        self._known.clear()
        forget_hashes()
        key = self._key_of_month(is_first=is_first) if self._keeping is Keeping.HASH else b""
        self._policy = SourcePolicy(self._keeping, key)

    def _key_of_month(self, *, is_first: bool) -> bytes:
        """The key in the folder, if it is this month's; else a new one in its place.

        A key that cannot be written while the sensor runs is kept in memory alone: nobody who calls is lost for that.
        """
        kept = self._read() if is_first else None
        if kept is not None and kept.month == self._month:
            return bytes.fromhex(kept.key)
        made = _MonthKey(self._month, secrets.token_hex(_KEY_BYTES))
        try:
            self._write(msgspec.json.encode(made))
        except OSError as error:
            if is_first:
                raise PressureError(
                    f"the key for sources cannot be written: {error.strerror}.", where=str(self._path)
                ) from error
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        return bytes.fromhex(made.key)

    def _read(self) -> _MonthKey | None:
        try:
            with self._path.open("rb") as stream:
                mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
                kept = msgspec.json.decode(stream.read(), type=_MonthKey)
            is_sound = len(bytes.fromhex(kept.key)) == _KEY_BYTES
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, ValueError) as error:
            raise PressureError(
                "the key for sources cannot be read.",
                where=str(self._path),
                remedy="Mend its permissions, or delete it: sources of this month then get other hashes.",
            ) from error
        if mode & 0o077 or not is_sound:
            raise PressureError(
                "others may read the key for sources." if mode & 0o077 else "the key for sources is no key.",
                where=str(self._path),
                remedy="Delete it: sources of this month then get other hashes.",
            )
        return kept

    def _write(self, document: bytes) -> None:
        """Put a key in the place of the old one, and overwrite the octets of that."""
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.write(document)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.ExitStack() as stack:
            old = stack.enter_context(self._path.open("r+b")) if self._path.exists() else None
            fresh.replace(self._path)
            if old is not None:
                old.write(bytes(os.fstat(old.fileno()).st_size))
                old.flush()
                os.fsync(old.fileno())
