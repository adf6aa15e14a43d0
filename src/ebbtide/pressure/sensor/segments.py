"""Segments: files of lines that are only ever added to, written in batches by a thread of their own."""

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from ebbtide.pressure.records import PressureError
from ebbtide.pressure.sensor.records import State, stamp
from ebbtide.pressure.sensor.settings import DiskLimits

_LOCK, _RESERVE = ".lock", ".reserve"
_NAMES = "sensor-*"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DAY = len("2026-11-27")


class SegmentFolder:
    """The folder of one sensor, held by it alone.

    Args:
        path: Made if it is not there.

    Raises:
        PressureError: It cannot be made or written, or another sensor has it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise PressureError(
                "another sensor writes here.", where=str(path), remedy="Give each sensor a folder of its own."
            ) from None
        except OSError as error:
            raise PressureError(
                f"the sensor cannot write here: {error.strerror}.",
                where=str(path),
                remedy="Give a folder that belongs to the user that the sensor runs as.",
            ) from error

    def used_bytes(self) -> int:
        """Octets of all segments."""
        return sum(file.stat().st_size for file in self.path.glob(_NAMES))

    def close(self) -> None:
        """Let another sensor have it."""
        with contextlib.suppress(OSError):
            os.close(self._lock)


class SegmentWriter:
    """Writes whole lines behind each other. A batch is written at once, and on the disk itself within a second or so.

    The oldest lines are kept: when all segments together reach their cap, or the disk is full, ``trouble`` says so, and
    what is still handed over goes to the room that was held in reserve. Nothing is ever deleted.

    Args:
        folder: Held by the caller.
        run: Names this run.
        limits: Of the disk.
        state_line: Makes a line about the sensor.
        now_ns: Nanoseconds since 1970.

    Attributes:
        written_lines, lost_lines: Of those handed over.
        trouble: Why the sensor has to end; empty if it need not.

    Raises:
        PressureError: The reserve or the first segment cannot be made, or the folder is full already.
    """

    def __init__(
        self,
        folder: SegmentFolder,
        run: str,
        limits: DiskLimits,
        state_line: Callable[[State], bytes],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._folder = folder.path
        self._used_bytes = folder.used_bytes
        self._run = run
        self._limits = limits
        self._state_line = state_line
        self._now_ns = now_ns
        self._batches: deque[tuple[bytes, int]] = deque()
        self._change = threading.Condition()
        self._is_closing = self._has_unsynced = False
        self._synced_s = 0.0
        self._descriptor = -1
        self._number = self._size = 0
        self._day = ""
        self._has_reserve = True
        self._used = self._used_bytes()
        self.pending_bytes = self.written_lines = self.lost_lines = 0
        self.trouble = ""
        self._demand_room()
        self._hold_reserve()
        self._begin_segment()
        self._thread = threading.Thread(target=self._work, name="segments", daemon=True)

    def start(self, first: bytes) -> None:
        """Begin, with the line that says so."""
        self._thread.start()
        self.put(first, 0)

    def put(self, data: bytes, lines: int) -> None:
        """Hand whole lines over.

        Args:
            data: Each ends with a newline.
            lines: How many of them tell of connections.
        """
        with self._change:
            self._batches.append((data, lines))
            self.pending_bytes += len(data)
            self._change.notify()

    @property
    def is_lagging(self) -> bool:
        """Whether so much waits for the disk that nobody should be accepted."""
        return self.pending_bytes > self._limits.pending_bytes

    def close(self) -> None:
        """Write what was handed over, and end."""
        with self._change:
            self._is_closing = True
            self._change.notify()
        self._thread.join()
        os.close(self._descriptor)
        if self._has_reserve:
            self._free_reserve()

    # What the thread does.

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._batches or self._is_closing, self._limits.sync_every_s)
                batches, is_closing = tuple(self._batches), self._is_closing
                self._batches.clear()
            if batches:
                data = b"".join(data for data, _ in batches)
                self._write(data, sum(lines for _, lines in batches))
                with self._change:
                    self.pending_bytes -= len(data)
            self._sync(is_due=is_closing)
            if is_closing and not batches:
                return
            if batches and not is_closing and not self.trouble and self._is_long():
                self._rotate()

    def _write(self, data: bytes, lines: int) -> None:
        """Write whole lines, or none of them; a full disk gets the reserve."""
        try:
            self._append(data)
        except OSError as error:
            self._fail(error)
            try:
                self._append(data)
            except OSError:
                self.lost_lines += lines
                return
        self.written_lines += lines
        if self._used >= self._limits.disk_bytes and not self.trouble:
            self._used = self._used_bytes()  # somebody may have moved segments away
        if self._used >= self._limits.disk_bytes and not self.trouble:
            self.trouble = f"the segments have reached their {self._limits.disk_bytes >> 20:,} MB"

    def _append(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)
        self._used += len(data)
        self._has_unsynced = True

    def _fail(self, error: OSError) -> None:
        if error.errno in _FULL and self._has_reserve:
            self._free_reserve()
        if not self.trouble:
            self.trouble = "the disk is full" if error.errno in _FULL else f"the disk fails: {error.strerror}"

    def _sync(self, *, is_due: bool) -> None:
        now_s = time.monotonic()
        if not self._has_unsynced or (not is_due and now_s - self._synced_s < self._limits.sync_every_s):
            return
        self._synced_s = now_s
        try:
            os.fdatasync(self._descriptor)
            self._has_unsynced = False
        except OSError as error:
            self._fail(error)

    # Segments.

    def _is_long(self) -> bool:
        return self._size >= self._limits.segment_bytes or stamp(self._now_ns())[:_DAY] != self._day

    def _rotate(self) -> None:
        """Begin a new segment when this one is long, or a day is over."""
        try:
            self._append(self._state_line(State.ROTATE))
            self._sync(is_due=True)
            old = self._descriptor
            self._begin_segment()
            os.close(old)
            self._append(self._state_line(State.GO_ON))
        except OSError as error:
            self._fail(error)

    def _begin_segment(self) -> None:
        self._number += 1
        at = stamp(self._now_ns())
        name = f"sensor-{at[:19].replace(':', '')}Z-{self._run}-{self._number:04}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self._folder / name, flags, 0o600)
        self._size, self._day = 0, at[:_DAY]
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    # Room.

    def _demand_room(self) -> None:
        if self._used >= self._limits.disk_bytes:
            raise PressureError(
                f"the segments have reached their {self._limits.disk_bytes >> 20:,} MB.",
                where=str(self._folder),
                remedy="Move the older ones away, or give more with --disk-mb.",
            )

    def _hold_reserve(self) -> None:
        try:
            descriptor = os.open(self._folder / _RESERVE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, self._limits.reserve_bytes)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._free_reserve()
            raise PressureError(
                f"no room can be held in reserve: {error.strerror}.",
                where=str(self._folder),
                remedy=f"The sensor needs {self._limits.reserve_bytes >> 20:,} MB there, and room for its segments.",
            ) from error

    def _free_reserve(self) -> None:
        self._has_reserve = False
        with contextlib.suppress(OSError):
            (self._folder / _RESERVE).unlink(missing_ok=True)
