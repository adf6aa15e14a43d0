"""The commit log of a round: append-only entries, folded into the state that readers see; checkpoints save time."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import assert_never

import msgspec

from ebbtide.model.errors import SurveyFolderError
from ebbtide.rounds.durable import make_folder, write_file
from ebbtide.rounds.entries import (
    FORMAT,
    AuthoritiesKept,
    BatchCommitted,
    Chosen,
    Entry,
    Erased,
    FileRef,
    IdentityChecked,
    Interruption,
    Judged,
    Opened,
    OptOutsHonoured,
    Planned,
    Published,
    RunContinued,
    RunPaused,
    RunStarted,
    RunStopped,
    Sealed,
)

CHECKPOINT_EVERY = 128
_ENTRY = ".json"
_CHECKPOINT = ".checkpoint"
_DIGITS = 8


class RoundState(StrEnum):
    """How far a round is."""

    OPEN = "open"
    SEALED = "sealed"
    PUBLISHED = "published"


class LogState(msgspec.Struct):
    """What all entries up to now say together; also the content of a checkpoint.

    Attributes:
        entries: Number of the last entry.
        files: All files that may be read, but for those of judgements.
        batches: Journals that are committed.
        plan: The entry that settled who is asked, without its files.
        seal: The entry that closed the round, without its files.
        judgements: By id.
        current: Id of the judgement that counts; empty before the first.
        identity: The latest check of who we are; ``None`` if nobody outside loopback was asked.
        authorities: Those of the latest run at the active level.
        pause: The latest pause after the first share.
        is_continued: The operator had the round go on after the first share.
        stopped: Why the latest run stopped before its time; empty if it did not.
        erasures: What was removed for good, without the files.
    """

    entries: int = 0
    opened: Opened | None = None
    plan: Planned | None = None
    files: list[FileRef] = []
    batches: list[str] = []
    interrupted: list[Interruption] = []
    config_digests: list[str] = []
    seal: Sealed | None = None
    judgements: dict[str, Judged] = {}
    current: str = ""
    is_published: bool = False
    identity: IdentityChecked | None = None
    authorities: AuthoritiesKept | None = None
    pause: RunPaused | None = None
    is_continued: bool = False
    stopped: str = ""
    erasures: list[Erased] = []

    @property
    def state(self) -> RoundState:
        """Open, sealed or published."""
        if self.is_published:
            return RoundState.PUBLISHED
        return RoundState.OPEN if self.seal is None else RoundState.SEALED

    def files_of(self, table: str) -> list[FileRef]:
        """The readable files of one table; ``software`` and ``verdicts`` are those of the current judgement."""
        if table in ("software", "verdicts"):
            judged = self.judgements.get(self.current)
            return [file for file in judged.files if file.table == table] if judged else []
        return [file for file in self.files if file.table == table]


def fold(state: LogState, entry: Entry) -> None:  # one case an entry; the type checker sees that none lacks
    """Bring a state forward by one entry."""
    state.entries += 1
    match entry:
        case Opened():
            state.opened = entry
        case Planned():
            state.files += entry.files
            state.plan = msgspec.structs.replace(entry, files=())
        case RunStarted():
            state.config_digests.append(entry.config_digest)
            state.stopped = ""
        case IdentityChecked() | AuthoritiesKept() | OptOutsHonoured() | RunPaused() | RunContinued() | RunStopped():
            _fold_conduct(state, entry)
        case BatchCommitted():
            state.files += entry.files
            state.batches.append(entry.batch)
            state.interrupted += entry.interrupted
        case Sealed():
            state.files = list(entry.files)
            state.seal = msgspec.structs.replace(entry, files=())
        case Judged() | Chosen():
            _fold_judgement(state, entry)
        case Erased():
            _fold_erased(state, entry)
        case Published():
            state.is_published = True
        case _:
            assert_never(entry)


def _fold_conduct(
    state: LogState,
    entry: IdentityChecked | AuthoritiesKept | OptOutsHonoured | RunPaused | RunContinued | RunStopped,
) -> None:
    match entry:
        case IdentityChecked():
            state.identity = entry
        case AuthoritiesKept():
            state.authorities = entry
        case OptOutsHonoured():
            pass  # kept for whoever reads the log; no run goes by it
        case RunPaused():
            state.pause = entry
        case RunContinued():
            state.is_continued = True
        case RunStopped():
            state.stopped = entry.why
        case _:
            assert_never(entry)


def _fold_judgement(state: LogState, entry: Judged | Chosen) -> None:
    if isinstance(entry, Judged):
        state.judgements[entry.judgement] = entry
    state.current = entry.judgement


def _fold_erased(state: LogState, entry: Erased) -> None:
    """Files give way to others, in the round and in its judgements, and the round counts anew."""
    removed = set(entry.removed)
    new = [(file.path.split("/")[1] if file.path.startswith("judgements/") else "", file) for file in entry.files]
    state.files = [file for file in state.files if file.path not in removed] + [file for home, file in new if not home]
    for judgement, judged in state.judgements.items():
        kept = tuple(file for file in judged.files if file.path not in removed)
        added = tuple(file for home, file in new if home == judgement)
        state.judgements[judgement] = msgspec.structs.replace(judged, files=kept + added)
    if state.seal is not None:
        state.seal = msgspec.structs.replace(
            state.seal, answered=entry.answered, failed=entry.failed, skipped=entry.skipped
        )
    state.erasures.append(msgspec.structs.replace(entry, removed=(), files=()))


class CommitLog:
    """The log in one folder. One writer at a time (see ``locking``), any number of readers.

    Args:
        folder: ``rounds/<label>/log``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def exists(self) -> bool:
        """Whether anything was ever committed here."""
        return self._path(1, _ENTRY).exists()

    def read(self) -> LogState:
        """Fold all entries.

        Raises:
            SurveyFolderError: An entry is missing, broken, or of a newer version.
        """
        entries, checkpoints = self._numbers()
        state = self._newest_checkpoint(checkpoints)
        last = max(entries, default=0)
        for number in range(state.entries + 1, last + 1):
            if number not in entries:
                raise SurveyFolderError(
                    f"the log lacks entry {number}.", where=str(self._folder), remedy="Restore the folder from a copy."
                )
            fold(state, self._entry(number))
        return state

    def append(self, state: LogState, entry: Entry) -> None:
        """Commit one entry; ``state`` is brought forward.

        Raises:
            SurveyFolderError: Somebody else has committed since ``state`` was read.
        """
        number = state.entries + 1
        path = self._path(number, _ENTRY)
        make_folder(self._folder)
        if path.exists():
            raise SurveyFolderError(
                "another process has committed to this round meanwhile.",
                where=str(path),
                remedy="Let it finish, then run the command again.",
            )
        write_file(path, msgspec.json.format(msgspec.json.encode(entry), indent=1) + b"\n")
        fold(state, entry)
        if number % CHECKPOINT_EVERY == 0:
            write_file(self._path(number, _CHECKPOINT), msgspec.json.encode(state))

    def _numbers(self) -> tuple[set[int], list[int]]:
        names = [path.name for path in self._folder.iterdir()] if self._folder.is_dir() else []
        return set(_numbered(names, _ENTRY)), sorted(_numbered(names, _CHECKPOINT), reverse=True)

    def _newest_checkpoint(self, checkpoints: Iterable[int]) -> LogState:
        """A checkpoint only saves time: what cannot be read is passed over."""
        for number in checkpoints:
            try:
                state = msgspec.json.decode(self._path(number, _CHECKPOINT).read_bytes(), type=LogState)
            except (OSError, msgspec.MsgspecError):
                continue
            if state.entries == number:
                return state
        return LogState()

    def _entry(self, number: int) -> Entry:
        path = self._path(number, _ENTRY)
        try:
            entry: Entry = msgspec.json.decode(path.read_bytes(), type=Entry)
        except msgspec.MsgspecError as error:
            raise SurveyFolderError(
                f"the log's entry cannot be read: {error}.",
                where=str(path),
                remedy="It is damaged, or a newer version of Ebbtide wrote it.",
            ) from error
        if isinstance(entry, Opened) and entry.format > FORMAT:
            raise SurveyFolderError(
                f"the round has format {entry.format}; this version reads up to {FORMAT}.",
                where=str(path),
                remedy="Use a newer version of Ebbtide.",
            )
        return entry

    def _path(self, number: int, suffix: str) -> Path:
        return self._folder / f"{number:0{_DIGITS}d}{suffix}"


def _numbered(names: Iterable[str], suffix: str) -> list[int]:
    stems = (name.removesuffix(suffix) for name in names if name.endswith(suffix))
    return [int(stem) for stem in stems if len(stem) == _DIGITS and stem.isascii() and stem.isdigit()]
