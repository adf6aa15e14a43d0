"""The journal of a batch: what was begun and what was answered, safe against the death of the process.

A file is eight octets that name the format, then records: length of the payload (4 octets, big-endian), CRC-32 of
tag and payload (4), tag (1), payload (msgpack). The last record says that the journal was ended on purpose; whatever
was in flight then stands at the head of the next one. Each record is handed to the kernel with one write, so that a
killed process loses nothing that was written; a flush to the disk now and then bounds what a power failure loses.
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
_ENDED = 4
_NOTE = 5
_TAGS = frozenset({_STARTED, *_KINDS, _ENDED, _NOTE})


class Started(msgspec.Struct, frozen=True, array_like=True):
    """The first packet to a target is about to be sent."""

    target_id: bytes
    attempt: int


class Note(msgspec.Struct, frozen=True, array_like=True):
    """Something for whoever follows a run: a prefix that was slowed down, a mistake of ours.

    Attributes:
        at_ns: UTC, nanoseconds since 1970.
    """

    what: str
    about: str
    detail: str
    at_ns: int


class Ended(msgspec.Struct, frozen=True, array_like=True):
    """The journal was ended on purpose; the next one begins with what was in flight."""


Record = Started | Transcript | Note | Ended


class Journal:
    """A journal that this process writes; nobody else can open it meanwhile.

    Args:
        path: Of a file that is not there yet.

    Attributes:
        size: Octets written.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o644)
        try_lock(self._descriptor)
        self._encoder = msgspec.msgpack.Encoder()
        self._unflushed = 0
        self.size = 0
        self._write(MAGIC)
        sync_folder(path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write_started(self, target_id: bytes, attempt: int) -> None:
        """Note that an attempt begins."""
        self._append(_STARTED, self._encoder.encode(Started(target_id, attempt)))

    def write_done(self, transcript: Transcript) -> None:
        """Keep a whole transcript."""
        self._append(_DONE[outcome_parts(transcript.outcome)[0]], self._encoder.encode(transcript))

    def write_note(self, note: Note) -> None:
        """Tell whoever follows the run."""
        self._append(_NOTE, self._encoder.encode(note))

    def end(self) -> None:
        """Say that nothing follows here, wait until the disk has everything, and let the file go."""
        self._append(_ENDED, self._encoder.encode(Ended()))
        self.flush()
        self.close()

    def close(self) -> None:
        """Let the file go; what is in flight counts as interrupted unless the journal was ended."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

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
        self.size += written


def read_journal(path: Path) -> Iterator[Record]:
    """The records of a journal, up to the first that is torn or damaged. Nothing in the file makes it raise.

    Args:
        path: Of a file that is there.
    """
    done: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Transcript)
    decoders: dict[int, msgspec.msgpack.Decoder[Record]] = {
        _STARTED: msgspec.msgpack.Decoder(Started),
        _ENDED: msgspec.msgpack.Decoder(Ended),
        _NOTE: msgspec.msgpack.Decoder(Note),
    }
    with path.open("rb", buffering=_READ_BYTES) as file:
        if file.read(len(MAGIC)) != MAGIC:
            return
        while record := _next_record(file):
            tag, payload = record
            try:
                yield decoders.get(tag, done).decode(payload)
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
            elif isinstance(record, Transcript):
                self._begun.pop((record.target.target_id, record.attempt), None)
                yield record
            elif isinstance(record, Ended):
                self._begun.clear()

    @property
    def interrupted(self) -> tuple[Interruption, ...]:
        """The attempts that had begun and were not done, in the order in which they began.

        None if the journal was ended on purpose: the next one tells what became of them.
        """
        return tuple(Interruption(target_id, attempt) for target_id, attempt in self._begun)


class JournalTail:
    """Counts what a journal holds while somebody else writes it, without reading the payloads.

    Args:
        path: Of a file that need not be there yet.

    Attributes:
        counts: Finished attempts by kind of outcome.
        started: Attempts that were begun, those included that the journal before had begun.
        notes: What the writer had to tell; whoever reads them may take them away.
        is_ended: Whether the journal was ended on purpose.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = len(MAGIC)
        self.counts: dict[str, int] = {}
        self.started = 0
        self.notes: list[Note] = []
        self.is_ended = False

    @property
    def in_flight(self) -> int:
        """Attempts that are begun and not done."""
        return 0 if self.is_ended else self.started - sum(self.counts.values())

    def advance(self) -> None:
        """Look at what was appended since the last time."""
        try:
            with self._path.open("rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                while self._position + _HEADER.size <= size:
                    header = os.pread(file.fileno(), _HEADER.size, self._position)
                    length, _, tag = _HEADER.unpack(header)
                    begin = self._position + _HEADER.size
                    if begin + length > size:
                        return
                    self._position = begin + length
                    if tag in _KINDS:
                        self.counts[_KINDS[tag]] = self.counts.get(_KINDS[tag], 0) + 1
                    elif tag == _NOTE:
                        self._take_note(os.pread(file.fileno(), length, begin))
                    self.started += tag == _STARTED
                    self.is_ended = tag == _ENDED
        except FileNotFoundError:
            return

    def _take_note(self, payload: bytes) -> None:
        try:
            self.notes.append(msgspec.msgpack.decode(payload, type=Note))
        except (msgspec.MsgspecError, UnicodeDecodeError):
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
    if length > _MOST_PAYLOAD or tag not in _TAGS:
        return None
    payload = file.read(length)
    if len(payload) < length or crc32(payload, crc32(bytes([tag]))) != checksum:
        return None
    return tag, payload
