"""The whole program surveys the lab, is killed again and again, and ends with the facts of an undisturbed survey."""

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ebbtide.cli.laboratory import reserved_port, scenario_world, write_frame
from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.journal import JournalReader
from ebbtide.rounds.rows import outcome_row
from killing import MOMENTS, Watch, ebbtide, kill_at, standing_lab

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("demonstration")]

SCENARIO = "code-red-2001"
SEED = 2001
SCALE = 0.04
LABEL = "2001-07"
MOST = 5
PROCESSES = 2
IN_FLIGHT = 4
IDENTITY = '{"format": 1, "shards": 4, "salt": "00112233445566778899aabbccddeeff"}'
CONFIGURATION = f"""
[survey]
name = "killed"
[[frame.source]]
path = "targets.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8"]
[limits]
processes = {PROCESSES}
in_flight = {IN_FLIGHT}
requests_per_s = 60
requests_per_prefix_s = 0
batch_targets = 30
[clocks]
connect_s = 0.5
[plan]
level = "active"
absent_extension = "ida"
[attempts]
most = {MOST}
spacing_s = 0
[checks]
packs = ["iis-2001"]
[round."{LABEL}"]
date = "2001-07-15"
"""
OUTCOMES = """
SELECT host, t.address, attempt, kind, stage, fault, reason, o.address, status, exchange_count, failed_exchange_count
FROM final_outcomes o JOIN targets t USING (target_id) ORDER BY ALL
"""
EXCHANGES = """
SELECT host, t.address, ordinal, parent, purpose, method, path, request_fields, e.kind, e.stage, e.fault, e.status,
    http_version, e.reason, fields, body, body_bytes, received_bytes, is_truncated, deviations, e.address, sni
FROM exchanges e JOIN targets t USING (target_id) JOIN final_outcomes o USING (target_id, attempt)
LEFT JOIN bodies b ON b.sha256 = e.body_sha256 ORDER BY t.address, host, ordinal
"""
SETTLED = "SELECT target_id FROM outcomes WHERE kind = 'answered' AND failed_exchange_count = 0"

Name = tuple[str, str]
"""A host and the address that it is asked at."""


class Kill(NamedTuple):
    """How things stood when everybody was dead."""

    moment: str
    logged: int
    settled: frozenset[bytes]
    in_flight: tuple[bytes, ...]


class Survey(NamedTuple):
    """A survey that has come to its end, and what the lab saw of it."""

    folder: SurveyFolder
    kills: list[Kill]
    ran: dict[str, Any]
    sealed: dict[str, Any]
    facts: list[dict[str, Any]]
    asked: list[tuple[Name, str]]

    @property
    def names(self) -> dict[bytes, Name]:
        asked = self.folder.round(LABEL)
        return {
            target.target_id: (target.host, target.address)
            for shard in range(self.folder.shards)
            for target in asked.targets(shard)
        }

    @property
    def interrupted(self) -> Counter[Name]:
        names = self.names
        return Counter(names[each.target_id] for each in self.folder.round(LABEL).log_state.interrupted)


def told(*words: str) -> Any:
    result = subprocess.run(ebbtide(*words, "--json"), capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def access_lines(log: Path) -> list[tuple[Name, str]]:
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert {line["method"] for line in lines} <= {"GET"}
    return [((line["host"].partition(":")[0], line["address"]), line["path"]) for line in lines]


def after_the_kill(folder: SurveyFolder, log: Path, moment: str) -> Kill:
    """Look at what is kept: what was committed, and what is whole in a journal."""
    settled = {row[0] for row in ask(folder, SETTLED)[1]}
    in_flight: list[bytes] = []
    batches = folder.round(LABEL).log_state.batches if folder.has_round(LABEL) else []
    for path in folder.path.glob(f"rounds/{LABEL}/journals/*.journal"):
        if path.stem not in batches:
            reader = JournalReader(path)
            rows = [outcome_row(transcript) for transcript in reader]
            settled |= {row.target_id for row in rows if row.kind == "answered" and not row.failed_exchange_count}
            in_flight += [each.target_id for each in reader.interrupted]
    return Kill(moment, len(access_lines(log)), frozenset(settled), tuple(in_flight))


def write_targets(path: Path, port: int) -> None:
    """All names but those of silent servers.

    With no time between attempts every run uses up one of theirs, so that some kill would cut the last one short; then
    their silence is not confirmed, and the facts rightly call it unknown.
    """
    world = scenario_world(SCENARIO, SEED, SCALE)
    write_frame(world, path, port, world.months[0])
    silent = {persona.machine.address for persona in world.personas(LABEL) if persona.state.presence == "silent"}
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.split(",")[1] not in silent]
    assert 0 < len(lines) - len(kept) < len(lines) / 10
    path.write_text("".join(kept), encoding="utf-8")


def conduct(home: Path, port: int, moments: list[str]) -> Survey:
    """Survey a fresh lab from beginning to end, killed at each of the moments."""
    survey, log = home / "survey", home / "access.log"
    survey.mkdir(parents=True)
    (survey / "survey.json").write_text(IDENTITY, encoding="utf-8")
    (survey / "survey.toml").write_text(CONFIGURATION, encoding="utf-8")
    write_targets(survey / "targets.csv", port)
    folder = SurveyFolder.open(survey)
    run = ("survey", "run", LABEL, "--survey", str(survey))
    kills = []
    with standing_lab(SCENARIO, SEED, SCALE, LABEL, port, log) as lab:
        for moment in moments:
            returncode, complaint = kill_at(ebbtide(*run, "--json"), Watch(survey, LABEL, log), MOMENTS[moment], lab)
            assert returncode == -signal.SIGKILL, f"it ended before this moment: {moment}\n{complaint}"
            kills.append(after_the_kill(folder, log, moment))
        ran = told(*run)
    sealed = told("survey", "seal", LABEL, "--survey", str(survey))
    told("judge", LABEL, "--survey", str(survey))
    return Survey(folder, kills, ran, sealed, told("facts", "--survey", str(survey)), access_lines(log))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """One port for both labs, one after the other: a target's absent name hangs on it."""
    with reserved_port() as port:
        yield port


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, port: int) -> Survey:
    return conduct(tmp_path_factory.mktemp("undisturbed"), port, [])


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, port: int, undisturbed: Survey) -> Survey:
    survey = conduct(tmp_path_factory.mktemp("killed"), port, list(MOMENTS))
    worst = max(survey.interrupted.values(), default=0)
    assert worst < MOST - 1, f"the kills used up {worst} of somebody's {MOST} attempts: nothing can be compared"
    return survey


def droppers() -> set[str]:
    """Addresses that drop the first connection that the lab sees there, whichever of their names it is for."""
    personas = scenario_world(SCENARIO, SEED, SCALE).personas(LABEL)
    return {persona.machine.address for persona in personas if persona.drops}


def left_in_peace(killed: Survey) -> set[Name]:
    """Names that no kill touched, neither in flight themselves nor at a dropping address where another name was."""
    interrupted = killed.interrupted
    shaken = {address for _, address in interrupted} & droppers()
    return {name for name in killed.names.values() if name not in interrupted and name[1] not in shaken}


def test_the_kills_hit_the_round_at_every_stage(killed: Survey) -> None:
    assert len(killed.kills) >= 10
    assert [kill.logged for kill in killed.kills] == sorted(kill.logged for kill in killed.kills)
    assert killed.kills[0].logged == 0
    assert len({len(kill.settled) for kill in killed.kills}) >= 8
    in_flight = [len(kill.in_flight) for kill in killed.kills]
    assert sum(count > 0 for count in in_flight) >= sum(MOMENTS[kill.moment].freezes for kill in killed.kills) >= 5
    assert max(in_flight) <= PROCESSES * IN_FLIGHT
    assert killed.ran["interrupted"] == killed.sealed["asked_again"] == sum(in_flight)
    names = killed.names
    assert Counter(names[each] for kill in killed.kills for each in kill.in_flight) == killed.interrupted


def test_the_facts_are_those_of_an_undisturbed_survey(killed: Survey, undisturbed: Survey) -> None:
    assert {fact["metric"] for fact in undisturbed.facts} >= {"outcome", "share", "prevalence"}
    assert killed.facts == undisturbed.facts


def test_the_outcomes_are_those_of_an_undisturbed_survey_but_for_the_numbers_of_interrupted_attempts(
    killed: Survey, undisturbed: Survey
) -> None:
    ended = {(host, address): (attempt, rest) for host, address, attempt, *rest in ask(killed.folder, OUTCOMES)[1]}
    peaceful, interrupted = left_in_peace(killed), killed.interrupted
    dropping = droppers()
    assert len(ended) == len(killed.names) == undisturbed.sealed["targets"]
    for host, address, attempt, *rest in ask(undisturbed.folder, OUTCOMES)[1]:
        name = (host, address)
        number, ending = ended[name]
        assert ending == rest, name
        if name in peaceful:
            assert number == attempt, name
        elif address not in dropping:
            assert number == min(MOST, attempt + interrupted[name]), name


def test_the_answers_are_those_of_an_undisturbed_survey(killed: Survey, undisturbed: Survey) -> None:
    answers = ask(undisturbed.folder, EXCHANGES)[1]
    assert len(answers) > undisturbed.ran["answered"]
    assert ask(killed.folder, EXCHANGES)[1] == answers


def test_nobody_whose_answer_was_kept_is_asked_again(killed: Survey) -> None:
    names = killed.names
    for kill in killed.kills:
        kept = {names[each] for each in kill.settled}
        assert not kept & {name for name, _ in killed.asked[kill.logged :]}, kill.moment
    assert len(killed.kills[-1].settled) > len(names) * 0.9


def test_only_those_in_flight_at_a_kill_are_asked_more_often(killed: Survey, undisturbed: Survey) -> None:
    peaceful, interrupted = left_in_peace(killed), killed.interrupted
    assert len(peaceful) > len(killed.names) * 0.8
    assert Counter(each for each in killed.asked if each[0] in peaceful) == Counter(
        each for each in undisturbed.asked if each[0] in peaceful
    )
    more = Counter(killed.asked) - Counter(undisturbed.asked)
    dropping = droppers()
    for (name, path), count in more.items():
        assert count <= interrupted[name] + (name[1] in dropping), (name, path)
    assert {name for name, _ in killed.asked} == {name for name, _ in undisturbed.asked}


def test_nobody_is_asked_more_often_than_the_configuration_says(killed: Survey, undisturbed: Survey) -> None:
    for survey in (killed, undisturbed):
        front_pages = Counter(name for name, path in survey.asked if path == "/")
        assert len(front_pages) >= survey.ran["answered"]
        assert max(front_pages.values()) <= MOST


def test_nothing_of_the_kills_is_left_in_the_folder(killed: Survey) -> None:
    left = [*killed.folder.path.rglob("*.journal"), *killed.folder.path.rglob("*.unfinished")]
    assert not left
    assert not (killed.folder.path / "scratch").exists()
