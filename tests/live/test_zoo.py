"""The zoo of real servers, surveyed with the pack of today: nothing is missed, nothing is invented."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from ebbtide.judge.engine import load_engine
from ebbtide.model.configuration import (
    ChecksSection,
    FrameSection,
    FrameSource,
    LimitsSection,
    PlanSection,
    ScopeSection,
    SurveyConfig,
)
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import Purpose, Transcript
from ebbtide.model.verdicts import UNKNOWN_FAMILY, Assessment, CannotTell, NotAsked, NotShown, Shown
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.judging import judge_round
from ebbtide.survey.running import run_round
from ebbtide.survey.sealing import seal_round
from zoo.records import Ground
from zoo.running import running_zoo
from zoo.table import NAMES, expectations

pytestmark = [pytest.mark.live, pytest.mark.real_servers, pytest.mark.xdist_group("zoo")]

LABEL = "today"
EXPECTED = expectations()


class Surveyed(msgspec.Struct):
    """One round over the zoo: by variant, what it answered and what that shows."""

    transcripts: Mapping[str, Transcript]
    assessments: Mapping[str, Assessment]


def config_for(grounds: Mapping[str, Ground], folder: Path) -> SurveyConfig:
    lines = [f"http://{ground.address}:{ground.port}/" for ground in grounds.values()]
    (folder / "zoo.txt").write_text("\n".join(lines), encoding="utf-8")
    return SurveyConfig(
        frame=FrameSection((FrameSource("zoo.txt"),)),
        scope=ScopeSection(open=("127.0.0.0/8",)),
        limits=LimitsSection(processes=1, requests_per_prefix_s=0),
        plan=PlanSection(level=Level.ACTIVE, extra_requests=200),
        checks=ChecksSection(packs=("today",)),
    )


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surveyed]:
    with running_zoo() as grounds:
        path = tmp_path_factory.mktemp("zoo") / "survey"
        folder = SurveyFolder.create(path)
        config = config_for(grounds, path)
        run_round(folder, LABEL, config, as_of=None, progress=lambda _progress: None)
        seal_round(folder, LABEL)
        judge_round(folder, LABEL, config, progress=lambda _progress: None)
        stored = folder.round(LABEL)
        names = {(ground.address, ground.port): name for name, ground in grounds.items()}
        transcripts = {
            names[each.target.host, each.target.port]: each
            for shard in range(folder.shards)
            for each in stored.transcripts(shard)
        }
        engine = load_engine(config.checks, config.plan, path)
        yield Surveyed(transcripts, {name: engine.assess(each) for name, each in transcripts.items()})


def test_every_variant_has_an_expectation_with_its_reason() -> None:
    assert set(EXPECTED) == set(NAMES)
    assert len({name.rpartition("-")[0] for name in NAMES}) >= 12
    assert all(each.why for each in EXPECTED.values())


def test_every_server_answers_everything_that_it_is_asked(surveyed: Surveyed) -> None:
    assert set(surveyed.transcripts) == set(NAMES)
    for name, transcript in surveyed.transcripts.items():
        assert [each for each in transcript.exchanges if not isinstance(each.outcome, Answered)] == [], name
        purposes = [each.request.purpose for each in transcript.exchanges if each.parent is None]
        assert purposes[:4] == [Purpose.ROOT, Purpose.ABSENT, Purpose.ICON, Purpose.ABSENT], name
        assert len(purposes) > 60, name


@pytest.mark.parametrize("name", NAMES)
def test_a_server_tells_its_family_as_it_is_configured_to(surveyed: Surveyed, name: str) -> None:
    assert surveyed.assessments[name].family == EXPECTED[name].family


@pytest.mark.parametrize("name", NAMES)
def test_what_is_configured_is_shown_and_nothing_else(surveyed: Surveyed, name: str) -> None:
    shown = {each.check for each in surveyed.assessments[name].verdicts if isinstance(each.verdict, Shown)}

    assert shown == EXPECTED[name].shown


@pytest.mark.parametrize("name", NAMES)
def test_all_else_is_denied_but_for_reasons_that_are_expected(surveyed: Surveyed, name: str) -> None:
    expected = EXPECTED[name]
    untold = set()
    for each in surveyed.assessments[name].verdicts:
        match each.verdict:
            case CannotTell(reason=reason) | NotAsked(reason=reason):
                untold.add(str(reason))
            case Shown() | NotShown():
                pass

    assert untold == expected.untold | {"masked" if expected.family == UNKNOWN_FAMILY else "gate_closed"}
