"""Passes over a round: all who may be asked now are divided into shares and asked, until nobody is left."""

import time
from collections import Counter
from collections.abc import Container, Iterator
from functools import partial
from pathlib import Path

import msgspec

from ebbtide.model.configuration import RedirectRule, SurveyConfig
from ebbtide.probe.settings import Assignment
from ebbtide.rounds.round import Round
from ebbtide.survey.assigning import Desk
from ebbtide.survey.attempts import Step, attempt_that_counts
from ebbtide.survey.caution import Gate
from ebbtide.survey.dispatching import Crew, dispatch
from ebbtide.survey.dividing import Divider
from ebbtide.survey.hops import pending_hops
from ebbtide.survey.progress import Progress
from ebbtide.survey.settling import Settling
from ebbtide.survey.standing import Standing, interrupted_attempts, standings

_REPORT_EVERY = 500
_ACROSS = frozenset({RedirectRule.SAME_DOMAIN, RedirectRule.IN_SCOPE})
"""Under these, redirects may lead to other hosts."""


class Passes(msgspec.Struct, frozen=True):
    """What all passes of a run share.

    Attributes:
        asking: The round; the caller holds its lock.
        gate: Holds back whom the operator has not yet let through.
        scratch: Folder for the shares.
        seed: Settles the order in which everybody is asked.
    """

    asking: Round
    config: SurveyConfig
    desk: Desk
    crew: Crew
    gate: Gate
    scratch: Path
    seed: bytes

    def divider(self, name: str) -> Divider:
        """An empty divider; all of them have one order."""
        operators = self.crew.settings.operators
        return Divider(self.scratch / name, self.seed, operators.operator_of if operators else None)


def ask_everyone(passes: Passes) -> int:
    """Pass after pass until nobody may be asked now; each uses up an attempt of everyone in it.

    Returns:
        How many attempts were made.
    """
    crew = passes.crew
    asked = number = 0
    while True:
        number += 1
        passes.desk.unfound.begin_pass()
        divider = passes.divider(f"pass-{number}")
        done, settled = _divide(passes, divider)
        asked += settled
        if crew.brake.is_pulled or settled + divider.total == 0:
            break
        before = done.total()
        dispatch(passes.asking, divider.shares(crew.processes), crew, done, "asking" if number == 1 else "asking again")
        asked += done.total() - before
    for number in range(passes.config.plan.most_redirects + 1):
        if passes.config.plan.redirects not in _ACROSS or crew.brake.is_pulled:
            break
        if not _follow_hops(passes, f"hops-{number}"):
            break
    return asked


def _follow_hops(passes: Passes, name: str) -> bool:
    """Ask what redirects to other hosts point at, where these are; whether there was any."""
    asking, config, crew = passes.asking, passes.config, passes.crew
    divider, found = passes.divider(name), False
    settling = Settling(asking, config.limits.batch_targets, crew.brake, Counter())
    for shard in range(asking.shards):
        for following in passes.desk.follow(pending_hops(asking, shard, partial(_counting, passes, shard))):
            found = True
            if isinstance(following, Assignment):
                divider.add(following)
            else:
                settling.add(following)
    settling.close()
    if divider.total:
        dispatch(asking, divider.shares(crew.processes), crew, Counter(), "following redirects")
    return found


def _counting(passes: Passes, shard: int, wanted: Container[bytes]) -> dict[bytes, int]:
    """The attempts that count of some targets of a shard, but for those that are to be asked again at once."""
    asking, section = passes.asking, passes.config.attempts
    return {
        standing.target.target_id: attempt_that_counts(standing.tried).attempt
        for standing in standings(asking, shard, interrupted_attempts(asking), section, time.time_ns())
        if standing.target.target_id in wanted and standing.tried and standing.decision.step is not Step.ASK
    }


def _divide(passes: Passes, divider: Divider) -> tuple[Counter[str], int]:
    """Sort all targets into work for the crew, outcomes without a packet (committed here), and those that are done."""
    asking, config, crew = passes.asking, passes.config, passes.crew
    done: Counter[str] = Counter()
    settling = Settling(asking, config.limits.batch_targets, crew.brake, done)
    interrupted = interrupted_attempts(asking)
    passes.gate.held_back = 0

    def those_to_ask(shard: int) -> Iterator[Standing]:
        for standing in standings(asking, shard, interrupted, config.attempts, time.time_ns()):
            if standing.decision.step is Step.DONE:
                done[attempt_that_counts(standing.tried).kind] += 1
            elif standing.decision.step is not Step.ASK or passes.gate.admits(standing.target.target_id):
                yield standing

    for shard in range(asking.shards):
        for number, following in enumerate(passes.desk.assign(those_to_ask(shard))):
            if isinstance(following, Assignment):
                divider.add(following)
            else:
                settling.add(following)
            if number % _REPORT_EVERY == 0:
                crew.progress(Progress(done.total(), asking.planned, "looking up names", dict(done)))
            if crew.brake.is_pulled:
                break
    settling.close()
    return done, settling.count
