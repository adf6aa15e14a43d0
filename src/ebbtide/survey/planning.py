"""Reading the frame of a round, and settling who is asked."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ebbtide.conduct.scope import Scope
from ebbtide.frame.merging import MergedFrame
from ebbtide.frame.pieces import PIECE_BYTES
from ebbtide.frame.rows import Row, with_id
from ebbtide.frame.sources import STANDARD_INPUT
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import ConductError, FrameError
from ebbtide.model.outcomes import Skipped
from ebbtide.model.targets import Target
from ebbtide.model.verdicts import CheckInfo
from ebbtide.rounds.entries import CENSUS, Design, Planned
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.round import Round
from ebbtide.rounds.tables import ROWS_A_GROUP, write_tuples
from ebbtide.survey.conduct import decide_target
from ebbtide.survey.drawing import drawn_frame
from ebbtide.survey.settings import CONFIGURATION
from ebbtide.workers.executors import ProcessExecutor, SerialExecutor, process_count

_LEAST_SPREAD_BYTES = 2 * PIECE_BYTES
"""Shorter frames are read before other processes have started."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Row)


def read_frame(
    folder: SurveyFolder, config: SurveyConfig, scope: Scope, scratch: Path, label: str = ""
) -> tuple[MergedFrame, Design]:
    """Read and merge the frame of a round that is about to be opened, and draw its sample if one is wanted.

    Raises:
        FrameError: A source cannot be read, nobody is named, or no sample can be drawn.
        ConductError: The rules forbid to ask anybody at all.
    """
    with planners(folder, config) as (executor, _):
        merged, design = drawn_frame(folder, config, scratch, executor, label)
    if merged.kept == 0:
        raise FrameError("the frame names nobody.", where="frame.source", remedy="Write at least one host.")
    closed = _first_reason(all_targets(merged), scope)
    if closed is not None:
        raise ConductError(
            f"the scope forbids every one of the {merged.kept} targets, the first because: "
            f"{closed.reason.replace('_', ' ')}, {closed.detail}.",
            where=f"{folder.path / CONFIGURATION}: scope",
            remedy='Open special networks by name, as open = ["127.0.0.0/8"]; outside loopback fill in [identity].',
        )
    return merged, design


@contextmanager
def planners(folder: SurveyFolder, config: SurveyConfig) -> Iterator[tuple[Executor, int]]:
    """Where the frame is read, and in how many processes: this one if it is short, or stands on its standard input."""
    paths = [folder.path / source.path for source in config.frame.source if source.path != STANDARD_INPUT]
    size = sum(path.stat().st_size for path in paths if path.is_file())
    processes = process_count(config.limits.processes)
    if len(paths) < len(config.frame.source) or size < _LEAST_SPREAD_BYTES or processes == 1:
        yield SerialExecutor(), 1
        return
    with ProcessExecutor(processes) as pool:
        try:
            yield pool, processes
        except BaseException:
            pool.stop()
            raise


def write_targets(
    opening: Round,
    merged: MergedFrame,
    frame_digest: str,
    plan_digest: str,
    checks: Sequence[CheckInfo] = (),
    design: Design = Design(CENSUS),  # noqa: B008  # a frozen value
) -> None:
    """Settle who is asked, and for the sake of which checks: the table ``targets``, in one commit."""
    files = []
    for shard in range(opening.shards):
        packed = sorted(map(_ENCODER.encode, map(with_id, merged.rows(shard))))
        if packed:
            files.append(write_tuples(opening.path, "targets", shard, _groups(packed), len(packed)))
    opening.commit(
        Planned(
            files=tuple(files),
            targets=merged.kept,
            read=merged.read,
            duplicates=merged.duplicates,
            weight_conflicts=merged.weight_conflicts,
            stratum_conflicts=merged.stratum_conflicts,
            frame_digest=frame_digest,
            plan_digest=plan_digest,
            at_ns=time.time_ns(),
            checks=tuple(check.named for check in checks),
            design=design,
        )
    )


def _groups(packed: list[bytes]) -> Iterator[list[Row]]:
    """Packed rows as they go into a file; a row begins with its id, so that packed ones sort by it."""
    for first in range(0, len(packed), ROWS_A_GROUP):
        yield list(map(_DECODER.decode, packed[first : first + ROWS_A_GROUP]))


@contextmanager
def scratch_folder(survey: Path, what: str) -> Iterator[Path]:
    """A folder for the time of a command, below the survey's; those of dead processes are removed."""
    home = survey / "scratch"
    _sweep(home)
    home.mkdir(exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f"{what}.{os.getpid()}.", dir=home))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        _remove_if_empty(home)


def _sweep(home: Path) -> None:
    for left in home.glob("*.*.*") if home.is_dir() else ():
        process = left.name.split(".")[1]
        if process.isdigit() and not Path("/proc", process).exists():
            shutil.rmtree(left, ignore_errors=True)


def _remove_if_empty(home: Path) -> None:
    try:
        home.rmdir()
    except OSError:
        return  # another command has its own folder there


def all_targets(merged: MergedFrame) -> Iterator[Target]:
    """Every distinct target of a frame."""
    for shard in range(merged.shards):
        yield from merged.by_shard(shard)


def _first_reason(targets: Iterable[Target], scope: Scope) -> Skipped | None:
    """Why the first target is closed, if all are; ``None`` as soon as one is not."""
    first: Skipped | None = None
    for target in targets:
        closed = decide_target(target, scope)
        if closed is None:
            return None
        first = first or closed
    return first
