"""Who would be asked, how often, how long, how many octets, by whose leave; and who is left out. No packet is sent."""

from datetime import UTC, datetime
from functools import partial

import msgspec

from ebbtide.frame.merging import MergedFrame
from ebbtide.judge.budget import Bought
from ebbtide.judge.engine import Engine, load_engine
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.targets import Level
from ebbtide.rounds.database import ask
from ebbtide.rounds.entries import Design
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import RoundState
from ebbtide.survey.authorising import recorded
from ebbtide.survey.caution import first_share
from ebbtide.survey.conduct import survey_scope
from ebbtide.survey.drawing import drawn_frame
from ebbtide.survey.effort import Effort, PerTarget, estimate_effort
from ebbtide.survey.planning import planners, scratch_folder
from ebbtide.survey.tally import Tally, tallied
from ebbtide.workers.executors import process_count

_CORE_REQUESTS = 2
_BUDGETS = (0, 5, 10, 20, 50, 100, 200)


class PlanSummary(msgspec.Struct, frozen=True):
    """Who would be asked, how often, at what cost, by whose leave, and who is left out.

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
        design: A census, or the sample that would be drawn: of each stratum its sites, fraction, drawn sites, their
            weight, and how many of them were asked in the round before.
        strata: Targets by stratum; the stratum without a name is called ``(none)``.
        checks: How many checks would judge the answers.
        networks: About how many /24 and /48 the known addresses lie in.
        busiest_network: Targets in the busiest of them.
        first: Targets that are asked before the round waits; 0 if it does not wait.
        outside: Somebody outside loopback may be asked, so that the identity is checked first.
        has_robots: robots.txt is read before the first named path at a target.
        spacing_s: Until a target without an answer is asked again.
        active: Targets that are asked actively, by authority, as it is on record.
        lapsed_authorities: Name to the reason for which an authority does not hold.
        effort: Time and octets, estimated.
        measured_in: The round that the estimate leans on; empty if it leans on assumptions.
        budget: Named requests a target, at most.
        budgets: What budgets of named requests buy, at servers that no gate names and at each family that one does.
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
    design: Design
    strata: dict[str, int]
    checks: int
    networks: int
    busiest_network: int
    first: int
    outside: bool
    has_robots: bool
    spacing_s: float
    active: dict[str, int]
    lapsed_authorities: dict[str, str]
    effort: Effort
    measured_in: str
    budget: int
    budgets: tuple[Bought, ...]


def plan_summary(folder: SurveyFolder, config: SurveyConfig) -> PlanSummary:
    """Count and estimate what a round would do. Nothing is sent, and nothing stays on disk.

    Raises:
        FrameError: A source cannot be read.
        ConductError: The scope or an authority cannot be used.
        CheckError: The checks cannot be used.
    """
    engine = load_engine(config.checks, config.plan, folder.path)
    scope = survey_scope(config, folder.path)
    authorities = recorded(folder, config, engine)
    today = datetime.now(UTC).date()
    asked_of = (scope, config.plan.level, authorities, today)
    count = Tally(*asked_of)
    with scratch_folder(folder.path, "plan") as scratch, planners(folder, config) as (executor, processes):
        merged, design = drawn_frame(folder, config, scratch, executor)
        each = -(-merged.shards // processes)
        tasks = [range(merged.shards)[first : first + each] for first in range(0, merged.shards, each)]
        for part in executor.map(partial(tallied, *asked_of, merged), tasks):
            count.add(part)
    lapsed = authorities.refusals(today)
    return _summed_up(config, (merged, design), count, lapsed, engine, _measured(folder))


def _summed_up(
    config: SurveyConfig,
    drawn: tuple[MergedFrame, Design],
    count: Tally,
    lapsed: dict[str, str],
    engine: Engine,
    each: PerTarget,
) -> PlanSummary:
    merged, design = drawn
    core = _CORE_REQUESTS + config.plan.icon
    has_robots = config.plan.robots and config.plan.level is Level.ACTIVE and config.plan.extra_requests > 0
    most = core + has_robots + config.plan.extra_requests + engine.plan(b"").most_controls
    asked = merged.kept - count.skipped.total()
    outside = count.outside and asked > 0
    busiest = count.networks.busiest
    share = first_share(config.caution, merged.kept) if outside or config.caution.loopback else 1.0
    return PlanSummary(
        lines=merged.read,
        duplicates=merged.duplicates,
        weight_conflicts=merged.weight_conflicts,
        stratum_conflicts=merged.stratum_conflicts,
        targets=merged.kept,
        asked=asked,
        to_resolve=count.to_resolve,
        skipped=dict(sorted(count.skipped.items())),
        requests_each=core,
        most_requests_each=most,
        most_attempts=config.attempts.most,
        level=str(config.plan.level),
        design=design,
        strata=dict(sorted(count.strata.items())),
        checks=len(engine.manifest.checks),
        networks=count.networks.count,
        busiest_network=busiest,
        first=round(asked * share) if share < 1 else 0,
        outside=outside,
        has_robots=has_robots,
        spacing_s=config.attempts.spacing_s,
        active=dict(sorted(count.active.items())),
        lapsed_authorities=lapsed,
        effort=estimate_effort(
            config,
            asked=asked,
            busiest=busiest,
            names=count.to_resolve,
            most_requests=most,
            core=core,
            processes=process_count(config.limits.processes),
            each=each,
        ),
        measured_in=each.source,
        budget=config.plan.extra_requests,
        budgets=engine.budgets((*_BUDGETS, config.plan.extra_requests)),
    )


def _measured(folder: SurveyFolder) -> PerTarget:
    """What a target cost in the latest sealed round; assumed if there is none."""
    sealed = [label for label in folder.labels() if folder.round(label).state is not RoundState.OPEN]
    if not sealed:
        return PerTarget()
    label = max(sealed, key=lambda each: (folder.round(each).reference_date, each))
    # A label has digits, letters and hyphens only.
    received = ask(folder, f"SELECT avg(received_bytes) FROM exchanges WHERE round = '{label}'")[1][0][0]  # noqa: S608
    query = f"SELECT avg(elapsed_s) FROM final_outcomes WHERE round = '{label}' AND kind <> 'skipped'"  # noqa: S608
    elapsed = ask(folder, query)[1][0][0]
    assumed = PerTarget()
    if received is None or elapsed is None:
        return assumed
    return PerTarget(float(received), float(elapsed), label)
