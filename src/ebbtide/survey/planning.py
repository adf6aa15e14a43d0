"""Who would be asked, and how often; and settling it for a round."""

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ebbtide.conduct.scope import Scope
from ebbtide.frame.merging import MergedFrame, merge_duplicates
from ebbtide.frame.sources import read_targets
from ebbtide.judge.engine import load_engine
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import ConductError, FrameError
from ebbtide.model.outcomes import Skipped
from ebbtide.model.targets import Target
from ebbtide.rounds.entries import Planned
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.round import Round
from ebbtide.rounds.rows import target_row
from ebbtide.rounds.tables import write_shard
from ebbtide.survey.conduct import decide_target, known_addresses, survey_scope
from ebbtide.survey.settings import CONFIGURATION

_CORE_REQUESTS = 2


class PlanSummary(msgspec.Struct, frozen=True):
    """Who would be asked, how often, and who is left out.

    Attributes:
        lines: Targets in the sources, duplicates included.
        weight_conflicts, stratum_conflicts: Duplicates that disagree with the first, which is kept.
        skipped: Targets that our rules forbid, by reason, as far as it can be told before names are resolved.
        asked: The others.
        to_resolve: Of these, targets whose name must be resolved first.
        requests_each: Requests that each of them gets at least.
        most_requests_each: At most, in one attempt.
        most_attempts: Attempts in a round.
        level: ``passive`` or ``active``.
        strata: Targets by stratum; the stratum without a name is called ``(none)``.
        checks: How many checks would judge the answers.
    """

    lines: int
    duplicates: int
    weight_conflicts: int
    stratum_conflicts: int
    targets: int
    asked: int
    to_resolve: int
    skipped: dict[str, int]
    requests_each: int
    most_requests_each: int
    most_attempts: int
    level: str
    strata: dict[str, int]
    checks: int


def plan_summary(folder: SurveyFolder, config: SurveyConfig) -> PlanSummary:
    """Count what a round would do. Nothing is sent, and nothing stays on disk.

    Raises:
        FrameError: A source cannot be read.
        ConductError: The scope cannot be used.
        CheckError: The checks cannot be used.
    """
    engine = load_engine(config.checks, config.plan, folder.path)
    scope = survey_scope(config, folder.path)
    skipped: Counter[str] = Counter()
    strata: Counter[str] = Counter()
    to_resolve = 0
    with scratch_folder(folder.path, "plan") as scratch:
        merged = merge_duplicates(read_targets(config.frame, folder.path), scratch, folder.shards)
        for target in all_targets(merged):
            strata[target.stratum or "(none)"] += 1
            closed = decide_target(target, scope)
            if closed is not None:
                skipped[f"{closed.reason} ({closed.detail})" if closed.detail else str(closed.reason)] += 1
            elif not known_addresses(target):
                to_resolve += 1
    core = _CORE_REQUESTS + config.plan.icon
    return PlanSummary(
        lines=merged.read,
        duplicates=merged.duplicates,
        weight_conflicts=merged.weight_conflicts,
        stratum_conflicts=merged.stratum_conflicts,
        targets=merged.kept,
        asked=merged.kept - skipped.total(),
        to_resolve=to_resolve,
        skipped=dict(sorted(skipped.items())),
        requests_each=core,
        most_requests_each=core + config.plan.extra_requests,
        most_attempts=config.attempts.most,
        level=str(config.plan.level),
        strata=dict(sorted(strata.items())),
        checks=len(engine.manifest.checks),
    )


def read_frame(folder: SurveyFolder, config: SurveyConfig, scope: Scope, scratch: Path) -> MergedFrame:
    """Read and merge the frame of a round that is about to be opened.

    Raises:
        FrameError: A source cannot be read, or nobody is named.
        ConductError: The rules forbid to ask anybody at all.
    """
    merged = merge_duplicates(read_targets(config.frame, folder.path), scratch, folder.shards)
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
    return merged


def write_targets(opening: Round, merged: MergedFrame, frame_digest: str, plan_digest: str) -> None:
    """Settle who is asked: the table ``targets``, in one commit."""
    files = []
    for shard in range(opening.shards):
        rows = [target_row(target) for target in merged.by_shard(shard)]
        if rows:
            files.append(write_shard(opening.path, "targets", shard, rows))
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
        )
    )


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
