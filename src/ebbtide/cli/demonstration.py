"""The demonstration: a world, a survey of it round by round, facts, report, and the comparison with the truth."""

import shutil
import time
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

import msgspec

from ebbtide.cli.laboratory import (
    reserved_port,
    running_lab,
    scenario_world,
    write_arms,
    write_frame,
    write_truth,
)
from ebbtide.cli.letter_rules import check_letters
from ebbtide.cli.observable_families import observable_families
from ebbtide.cli.output import progress_bar
from ebbtide.cli.reporting import write_report
from ebbtide.cli.scoring import BEFORE, Scored, score_pair, score_survey, wrongs
from ebbtide.cli.verifying import Verification, truth_of_month, verify_survey
from ebbtide.estimate.compute import compute_facts
from ebbtide.judge.checks.catalogue import load_checks
from ebbtide.lab.scenario_events import Detector
from ebbtide.lab.world import World
from ebbtide.model.configuration import ChecksSection, SurveyConfig
from ebbtide.model.errors import ConfigurationError
from ebbtide.model.facts import Fact
from ebbtide.rounds.facts import write_facts
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.judging import judge_round
from ebbtide.survey.running import run_round
from ebbtide.survey.sealing import seal_round
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey

MARKER = "demo.json"
_CHECKS = ChecksSection(packs=("iis-2001",))


class DemoOrder(msgspec.Struct, frozen=True):
    """What the caller wants to see."""

    out: Path
    scenario: str
    seed: int
    scale: float
    port: int | None
    quiet: bool


class RoundTiming(msgspec.Struct, frozen=True):
    """How long one round took, in seconds of wall clock."""

    label: str
    probing_s: float
    judging_s: float


class DemoResult(msgspec.Struct, frozen=True):
    """What the demonstration made.

    Attributes:
        scored: What ``why`` says beside what really moved each share; empty for a scenario without events.
    """

    facts: tuple[Fact, ...]
    timings: tuple[RoundTiming, ...]
    facts_path: Path
    report_path: Path
    survey_path: Path
    verification: Verification
    scored: tuple[Scored, ...]

    @property
    def is_verified(self) -> bool:
        """The survey saw what was there to be seen, server by server, and gave no reason that is not a true one."""
        return self.verification.is_clean and not wrongs(self.scored)


def run_demo(order: DemoOrder) -> DemoResult:
    """Serve, survey, judge, estimate, report and verify.

    Raises:
        ConfigurationError: The folder holds something else, or the scenario cannot be used.
    """
    world = scenario_world(order.scenario, order.seed, order.scale)
    observable_families(world.scenario)
    check_letters(world.scenario, _CHECKS)
    out = _fresh_folder(order.out)
    folder = init_survey(out / "survey", f"demonstration, seed {order.seed}")
    timings: list[RoundTiming] = []
    refused: list[Scored] = []
    with nullcontext(order.port) if order.port else reserved_port() as port:
        truth = write_truth(world, out / "truth", port)
        if world.arms:
            write_arms(world, out / "arms.csv")
        for earlier, month in pairwise(("", *world.months)):
            write_frame(world, folder.path / "targets.csv", port, month)
            (folder.path / "survey.toml").write_text(_configuration_text(world, order, month), encoding="utf-8")
            config = load_config(folder.path)
            timings.append(_conduct_round(order, world, folder, config, month, port))
            if earlier and world.parameters_in(earlier) != world.parameters_in(month):
                refused += _score_unready(world, folder, config, truth, (earlier, month))
    _judge_anew(order, world, folder, config)
    scored = [*refused, *score_survey(folder, truth, config.attempts.silent_after)] if world.scenario.events else []
    scored.sort(key=lambda each: world.months.index(each.to_round))
    return _told(world, folder, config, tuple(timings), truth, tuple(scored))


def _score_unready(
    world: World, folder: SurveyFolder, config: SurveyConfig, truth: Path, labels: tuple[str, str]
) -> list[Scored]:
    """What ``why`` says where a check got better, and nobody has judged the older round anew."""
    then, now = (list(truth_of_month(truth, label)) for label in labels)
    changed = [
        event.check for event in world.scenario.events if isinstance(event, Detector) and event.month == labels[1]
    ]
    return score_pair(folder, labels, (then, now), config.attempts.silent_after, changed, reading=BEFORE)


def _judge_anew(order: DemoOrder, world: World, folder: SurveyFolder, config: SurveyConfig) -> None:
    """Judge every round whose check was told something else as the last one is judged; older judgements stay."""
    last = world.parameters_in(world.months[-1])
    for month in world.months:
        if world.parameters_in(month) != last:
            with progress_bar(f"judging {month} anew", quiet=order.quiet) as progress:
                judge_round(folder, month, config, progress=progress)


def _told(
    world: World,
    folder: SurveyFolder,
    config: SurveyConfig,
    timings: tuple[RoundTiming, ...],
    truth: Path,
    scored: tuple[Scored, ...],
) -> DemoResult:
    """What the judged rounds say: facts, report, and the comparison with the truth."""
    out = folder.path.parent
    facts = compute_facts(folder, silent_after=config.attempts.silent_after)
    for month in world.months:
        write_facts(folder, month, folder.round(month).judgement or "", [fact for fact in facts if fact.round == month])
    facts_path, report_path = out / "facts.json", out / "report.html"
    facts_path.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1))
    assumptions = [assumption.text for assumption in world.assumptions()]
    write_report(folder, config, facts, report_path, is_lab=True, assumptions=assumptions)
    verification = verify_survey(folder, truth, facts)
    return DemoResult(facts, timings, facts_path, report_path, folder.path, verification, scored)


def _fresh_folder(out: Path) -> Path:
    """An empty folder, where only an earlier demonstration may be replaced."""
    out = out.resolve()
    if out.exists() and not out.is_dir():
        raise ConfigurationError(f"{out} is a file.", remedy="Name a folder with --out.")
    if out.exists() and any(out.iterdir()):
        if not (out / MARKER).is_file():
            raise ConfigurationError(
                f"{out} holds something that is no demonstration.", remedy="Name another folder with --out."
            )
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARKER).write_text("{}\n", encoding="utf-8")
    return out


def _configuration_text(world: World, order: DemoOrder, month: str) -> str:
    """The demonstration's survey.toml: everything on loopback, opened by name; assumptions as the scenario has them."""
    lines = [
        "# Written by `ebbtide demo`. Everything asked lies on this machine's loopback.",
        "[survey]",
        f'name = "demonstration, seed {order.seed}"',
        'vantage = "loopback"',
        "",
        "[[frame.source]]",
        'path = "targets.csv"',
        'format = "csv"',
        "",
        "[scope]",
        'open = ["127.0.0.0/8"]',
        "",
        "[limits]",
        "in_flight = 400",
        "in_flight_per_prefix = 200",
        "requests_per_prefix_s = 0",
        "",
        "[clocks]",
        "connect_s = 0.5",
        "handshake_s = 3.0",
        "target_s = 10.0",
        "",
        "[plan]",
        'level = "active"',
        'absent_extension = "ida"',
        "",
        "[attempts]  # the lab declares its own clock: no hours need to pass between two attempts",
        "silent_after = 2",
        "spacing_s = 0",
        "",
        "[checks]",
        f"packs = {msgspec.json.encode(_CHECKS.packs).decode()}",
    ]
    for check, parameters in sorted(_known_parameters(world, month).items()):
        lines += ["", f"[checks.parameters.{check}]  # an assumption of the scenario"]
        lines += [f"{name} = {msgspec.json.encode(value).decode()}" for name, value in sorted(parameters.items())]
    for label in world.months:
        lines += ["", f'[round."{label}"]', f'date = "{world.reference_date(label)}"']
    return "\n".join(lines) + "\n"


def _known_parameters(world: World, month: str) -> dict[str, dict[str, str]]:
    """The scenario's assumptions that set a parameter of a check in use; the others concern checks unused here."""
    known = {check.id: {parameter.name for parameter in check.parameters} for check in load_checks(_CHECKS, Path())}
    told = {
        check: {name: value for name, value in parameters.items() if name in known.get(check, set())}
        for check, parameters in world.parameters_in(month).items()
    }
    return {check: parameters for check, parameters in told.items() if parameters}


def _conduct_round(
    order: DemoOrder, world: World, folder: SurveyFolder, config: SurveyConfig, month: str, port: int
) -> RoundTiming:
    """One month: the lab up, everybody asked, sealed; the lab down, the answers judged."""
    log = folder.path.parent / "access" / f"{month}.log"
    log.parent.mkdir(exist_ok=True)
    started = time.perf_counter()
    with (
        running_lab(order.scenario, order.seed, order.scale, month, port, log),
        progress_bar(f"asking {month}", quiet=order.quiet) as progress,
    ):
        run_round(folder, month, config, as_of=world.reference_date(month), progress=progress)
    seal_round(folder, month)
    probed = time.perf_counter()
    with progress_bar(f"judging {month}", quiet=order.quiet) as progress:
        judge_round(folder, month, config, progress=progress)
    return RoundTiming(month, round(probed - started, 3), round(time.perf_counter() - probed, 3))
