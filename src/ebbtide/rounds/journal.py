"""The journal of a batch: what was begun and what was answered, safe against the death of the process.

A file is eight octets that name the format, then records: length of the payload (4 octets, big-endian), CRC-32 of
tag and payload (4), tag (1), payload (msgpack). Each record is handed to the kernel with one write, so that a killed
process loses nothing that was written; a flush to the disk now and then bounds what a power failure loses.
"""

import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from zlib import crc32

import msgspec

from ebbtide.model.errors import RoundError
from ebbtide.model.transcripts import Transcript
from ebbtide.rounds.durable import make_folder, sync_folder
from ebbtide.rounds.entries import Interruption
from ebbtide.rounds.locking import try_lock
from ebbtide.rounds.rows import ANSWERED, FAILED, SKIPPED, outcome_parts

MAGIC = b"EBBJRNL\x01"
SUFFIX = ".journal"
DYING_S = 10.0
"""How long the worker of a killed process is waited for."""
FLUSH_EVERY_BYTES = 8 << 20
_HEADER = struct.Struct(">IIB")
_MOST_PAYLOAD = 1 << 30
_READ_BYTES = 1 << 20
_STARTED = 0
_DONE = {ANSWERED: 1, FAILED: 2, SKIPPED: 3}
_KINDS = {tag: kind for kind, tag in _DONE.items()}


class Started(msgspec.Struct, frozen=True, array_like=True):
    """The first packet to a target is about to be sent."""

    target_id: bytes
    attempt: int


Record = Started | Transcript


class Journal:
    """A journal that this process writes; nobody else can open it meanwhile.

    Args:
        path: Of a file that is not there yet.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o644)
        try_lock(self._descriptor)
        self._encoder = msgspec.msgpack.Encoder()
        self._unflushed = 0
        self._write(MAGIC)
        sync_folder(path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def write_started(self, target_id: bytes, attempt: int) -> None:
        """Note that an attempt begins."""
        self._append(_STARTED, self._encoder.encode(Started(target_id, attempt)))

    def write_done(self, transcript: Transcript) -> None:
        """Keep a whole transcript."""
        self._append(_DONE[outcome_parts(transcript.outcome)[0]], self._encoder.encode(transcript))

    def flush(self) -> None:
        """Wait until the disk has everything."""
        os.fsync(self._descriptor)
        self._unflushed = 0

    def _append(self, tag: int, payload: bytes) -> None:
        checksum = crc32(payload, crc32(bytes([tag])))
        self._write(_HEADER.pack(len(payload), checksum, tag) + payload)
        if self._unflushed >= FLUSH_EVERY_BYTES:
            self.flush()

    def _write(self, record: bytes) -> None:
        written = os.write(self._descriptor, record)
        if written != len(record):
            raise OSError(f"only {written} of {len(record)} octets of a journal's record could be written")
        self._unflushed += written


def read_journal(path: Path) -> Iterator[Record]:
    """The records of a journal, up to the first that is torn or damaged. Nothing in the file makes it raise.

    Args:
        path: Of a file that is there.
    """
    started = msgspec.msgpack.Decoder(Started)
    done = msgspec.msgpack.Decoder(Transcript)
    with path.open("rb", buffering=_READ_BYTES) as file:
        if file.read(len(MAGIC)) != MAGIC:
            return
        while record := _next_record(file):
            tag, payload = record
            try:
                yield started.decode(payload) if tag == _STARTED else done.decode(payload)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                return


class JournalReader:
    """Reads a journal once: iterate for the transcripts, then look at what was interrupted.

    Args:
        path: Of a file that is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun: dict[tuple[bytes, int], None] = {}

    def __iter__(self) -> Iterator[Transcript]:
        self._begun.clear()
        for record in read_journal(self._path):
            if isinstance(record, Started):
                self._begun[record.target_id, record.attempt] = None
            else:
                self._begun.pop((record.target.target_id, record.attempt), None)
                yield record

    @property
    def interrupted(self) -> tuple[Interruption, ...]:
        """The attempts that had begun and were not done, in the order in which they began."""
        return tuple(Interruption(target_id, attempt) for target_id, attempt in self._begun)


class JournalTail:
    """Counts what a journal holds while somebody else writes it, without reading the payloads.

    Args:
        path: Of a file that need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = len(MAGIC)
        self.counts: dict[str, int] = {}

    def advance(self) -> None:
        """Look at what was appended since the last time."""
        try:
            with self._path.open("rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                while self._position + _HEADER.size <= size:
                    header = os.pread(file.fileno(), _HEADER.size, self._position)
                    length, _, tag = _HEADER.unpack(header)
                    if self._position + _HEADER.size + length > size:
                        return
                    self._position += _HEADER.size + length
                    if tag in _KINDS:
                        self.counts[_KINDS[tag]] = self.counts.get(_KINDS[tag], 0) + 1
        except FileNotFoundError:
            return


def left_over(folder: Path) -> list[Path]:
    """The journals that a dead process left, oldest first.

    A worker outlives its killed parent by a moment; it is waited for.

    Raises:
        RoundError: A process still writes one of them after some seconds.
    """
    paths = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if not _lock_soon(descriptor):
                raise RoundError(
                    f"a worker process of an earlier run still writes {path.name}.",
                    where=str(folder),
                    remedy="Wait until it ends, or stop it, then try again.",
                )
        finally:
            os.close(descriptor)
    return paths


def _lock_soon(descriptor: int) -> bool:
    until_s = time.monotonic() + DYING_S
    while not try_lock(descriptor):
        if time.monotonic() > until_s:
            return False
        time.sleep(0.05)
    return True


def _next_record(file: BinaryIO) -> tuple[int, bytes] | None:
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    length, checksum, tag = _HEADER.unpack(header)
    if length > _MOST_PAYLOAD or (tag != _STARTED and tag not in _KINDS):
        return None
    payload = file.read(length)
    if len(payload) < length or crc32(payload, crc32(bytes([tag]))) != checksum:
        return None
    return tag, payload
