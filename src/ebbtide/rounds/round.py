"""One round: its log, its tables, its judgements."""

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from ebbtide.model.errors import RoundError, SurveyFolderError
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Transcript
from ebbtide.model.verdicts import JudgementManifest
from ebbtide.rounds.durable import flush, make_folder, write_file
from ebbtide.rounds.entries import (
    FORMAT,
    BatchCommitted,
    Chosen,
    Entry,
    Erased,
    FileRef,
    Judged,
    Opened,
    Planned,
    Sealed,
)
from ebbtide.rounds.log import CommitLog, LogState, RoundState
from ebbtide.rounds.reading import read_answers, read_transcripts
from ebbtide.rounds.tables import read_rows

TARGET_COLUMNS = ("target_id", "site_id", "host", "address", "port", "scheme", "stratum", "weight", "fallback")


class Round:
    """A round as its log tells it when it is first looked at; ``refresh`` looks again.

    Attributes:
        survey: The survey's folder.
        label: For example ``2001-07``.
        path: ``rounds/<label>`` in it.
        shards: Number of shards.
    """

    def __init__(self, survey: Path, label: str, shards: int) -> None:
        self.survey = survey
        self.label = label
        self.path = survey / "rounds" / label
        self.shards = shards
        self._log = CommitLog(self.path / "log")

    @property
    def exists(self) -> bool:
        """Whether it was ever opened."""
        return self._log.exists

    @cached_property
    def log_state(self) -> LogState:
        """All that was committed."""
        return self._log.read()

    @property
    def state(self) -> RoundState:
        """``open``, ``sealed`` or ``published``."""
        return self.log_state.state

    @property
    def reference_date(self) -> str:
        """ISO date on which vendors' dates are judged."""
        return self._opened.reference_date

    @property
    def judgement(self) -> str | None:
        """Id of the judgement that counts; ``None`` before the first."""
        return self.log_state.current or None

    @property
    def judgements(self) -> tuple[str, ...]:
        """Ids of all judgements, in the order in which they were added."""
        return tuple(self.log_state.judgements)

    @property
    def _opened(self) -> Opened:
        if self.log_state.opened is None:
            raise SurveyFolderError("the log does not begin with the round's opening.", where=str(self.path))
        return self.log_state.opened

    def refresh(self) -> None:
        """Look again at what others have committed."""
        self.__dict__.pop("log_state", None)

    def open_log(self, label: str, reference_date: str, software: str) -> None:
        """Commit the first entry."""
        self.commit(Opened(label, reference_date, self.shards, FORMAT, software, time.time_ns()))

    def commit(self, entry: Entry) -> None:
        """Append one entry to the log, once the files that it lists are on the disk. The caller holds the round's lock.

        Raises:
            SurveyFolderError: Somebody else has committed meanwhile.
        """
        if isinstance(entry, Planned | BatchCommitted | Sealed | Judged | Erased):
            known = {file.path for file in self.log_state.files}
            flush(self.path / file.path for file in entry.files if file.path not in known)
        self._log.append(self.log_state, entry)

    @property
    def planned(self) -> int:
        """How many targets were planned; 0 before that was settled."""
        plan = self.log_state.plan
        return plan.targets if plan else 0

    def targets(self, shard: int) -> Iterator[Target]:
        """The planned targets of one shard."""
        files = self.files("targets", shard)
        for row in read_rows(self.path, files, "targets", TARGET_COLUMNS):
            identity, site, host, address, port, scheme, stratum, weight, fallback = row
            yield Target(identity, site, host, address, port, Scheme(scheme), stratum, weight, bool(fallback))

    def transcripts(self, shard: int) -> Iterator[Transcript]:
        """The attempts that count, one a target that was asked, in order of ``target_id``."""
        return read_transcripts(self.path, self.log_state, shard)

    def answers(self, shard: int) -> Iterator[Transcript]:
        """The same as far as judging looks at them: without times, addresses, TLS and deviations, which stay empty."""
        return read_answers(self.path, self.log_state, shard)

    def files(self, table: str, shard: int | None = None) -> list[FileRef]:
        """The readable files of a table, of one shard or of all."""
        return [file for file in self.log_state.files_of(table) if shard is None or file.shard == shard]

    def manifest(self, judgement: str = "") -> JudgementManifest:
        """What judged; the current judgement if none is named.

        Raises:
            RoundError: There is none.
            SurveyFolderError: It is damaged.
        """
        judged = self.log_state.judgements.get(judgement or self.log_state.current)
        if judged is None:
            raise RoundError(f"round {self.label} is not judged.", remedy=f"Judge it: ebbtide judge {self.label}")
        path = self.path / judged.manifest
        try:
            return msgspec.json.decode(path.read_bytes(), type=JudgementManifest)
        except (OSError, msgspec.MsgspecError) as error:
            raise SurveyFolderError(f"the manifest cannot be read: {error}.", where=str(path)) from error

    def add_judgement(self, manifest: JudgementManifest, files: Sequence[FileRef]) -> None:
        """Add a judgement, which becomes the current one.

        Args:
            manifest: What judged.
            files: Tables ``software`` and ``verdicts``, as ``rounds.tables`` wrote them below ``judgements/<id>``.

        Raises:
            RoundError: The round is open, or the judgement is there already.
        """
        if self.state is RoundState.OPEN:
            raise RoundError(f"round {self.label} is open.", remedy=f"Seal it: ebbtide survey seal {self.label}")
        if manifest.id in self.log_state.judgements:
            raise RoundError(f"round {self.label} has judgement {manifest.id} already.")
        relative = f"{judgement_folder(manifest.id)}/manifest.json"
        make_folder((self.path / relative).parent)
        write_file(self.path / relative, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
        self.commit(Judged(manifest.id, relative, tuple(files), time.time_ns()))

    def choose_judgement(self, judgement: str) -> None:
        """Make a judgement that is there the current one.

        Raises:
            RoundError: There is none of that id.
        """
        if judgement not in self.log_state.judgements:
            raise RoundError(f"round {self.label} has no judgement {judgement}.")
        if judgement != self.log_state.current:
            self.commit(Chosen(judgement, time.time_ns()))


def judgement_folder(judgement: str) -> str:
    """Folder of a judgement, relative to the round's."""
    return f"judgements/{judgement}"
