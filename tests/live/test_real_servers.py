"""Real nginx and Apache, surveyed as targets of a round: products, versions and exposures as they were configured."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from command_line import ebbtide
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
from ebbtide.model.verdicts import Assessment, NotAsked, NotAskedReason, NotShown, Shown
from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.judging import judge_round
from ebbtide.survey.running import run_round
from ebbtide.survey.sealing import seal_round
from real_servers import ADDRESS, RealServers, real_servers

pytestmark = [pytest.mark.live, pytest.mark.real_servers, pytest.mark.xdist_group("real_servers")]

LABEL = "today"
CHECKS = {"directory-listing", "error-page-path", "php-version", "server-status"}
SHOWN = {
    "apache-listing": {"directory-listing", "server-status"},
    "apache-php": {"error-page-path", "php-version"},
    "apache-hardened": set(),
    "nginx": set(),
    "nginx-tls": set(),
    "nginx-quiet": {"directory-listing"},
}


class Surveyed(msgspec.Struct):
    """One round over all servers: by the site's kind, what it answered and what that shows."""

    folder: SurveyFolder
    servers: RealServers
    transcripts: Mapping[str, Transcript]
    assessments: Mapping[str, Assessment]

    def verdict(self, site: str, check: str) -> object:
        return next(each.verdict for each in self.assessments[site].verdicts if each.check == check)

    def shown(self, site: str) -> set[str]:
        return {each.check for each in self.assessments[site].verdicts if isinstance(each.verdict, Shown)}


def config_for(servers: RealServers, folder: Path) -> SurveyConfig:
    lines = [
        f"{'https' if name == 'nginx-tls' else 'http'}://{ADDRESS}:{port}/" for name, port in servers.ports.items()
    ]
    (folder / "servers.txt").write_text("\n".join(lines), encoding="utf-8")
    return SurveyConfig(
        frame=FrameSection((FrameSource("servers.txt"),)),
        scope=ScopeSection(open=("127.0.0.0/8",)),
        limits=LimitsSection(processes=1),
        plan=PlanSection(level=Level.ACTIVE),
        checks=ChecksSection(packs=("exposures",)),
    )


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surveyed]:
    with real_servers() as servers:
        path = tmp_path_factory.mktemp("real") / "survey"
        folder = SurveyFolder.create(path)
        config = config_for(servers, path)
        run_round(folder, LABEL, config, as_of=None, progress=lambda _progress: None)
        seal_round(folder, LABEL)
        judge_round(folder, LABEL, config, progress=lambda _progress: None)
        stored = folder.round(LABEL)
        names = {port: name for name, port in servers.ports.items()}
        transcripts = {
            names[each.target.port]: each for shard in range(folder.shards) for each in stored.transcripts(shard)
        }
        engine = load_engine(config.checks, config.plan, path)
        assessments = {name: engine.assess(each) for name, each in transcripts.items()}
        yield Surveyed(folder, servers, transcripts, assessments)


def test_every_server_answers_the_whole_core_plan(surveyed: Surveyed) -> None:
    assert set(surveyed.transcripts) == set(SHOWN)
    for transcript in surveyed.transcripts.values():
        assert isinstance(transcript.outcome, Answered)
        assert [each.request.purpose for each in transcript.exchanges][:3] == [
            Purpose.ROOT,
            Purpose.ABSENT,
            Purpose.ICON,
        ]
        assert [each.status for each in transcript.exchanges][:2] == [200, 404]
        assert not [each.deviations for each in transcript.exchanges if each.deviations]


@pytest.mark.parametrize("site", ["apache-listing", "apache-php"])
def test_apache_is_told_with_its_version(surveyed: Surveyed, site: str) -> None:
    assessment = surveyed.assessments[site]
    assert (assessment.family, assessment.version) == ("apache", surveyed.servers.apache_version)


@pytest.mark.parametrize("site", ["nginx", "nginx-tls"])
def test_nginx_is_told_with_its_version(surveyed: Surveyed, site: str) -> None:
    assessment = surveyed.assessments[site]
    assert (assessment.family, assessment.version) == ("nginx", surveyed.servers.nginx_version)


@pytest.mark.parametrize(("site", "family"), [("apache-hardened", "apache"), ("nginx-quiet", "nginx")])
def test_a_server_that_hides_its_version_is_told_without_one(surveyed: Surveyed, site: str, family: str) -> None:
    assert (surveyed.assessments[site].family, surveyed.assessments[site].version) == (family, "")


@pytest.mark.parametrize("site", SHOWN)
def test_what_was_configured_is_shown_and_nothing_else(surveyed: Surveyed, site: str) -> None:
    assert surveyed.shown(site) == SHOWN[site]
    assert {each.check for each in surveyed.assessments[site].verdicts} == CHECKS


def test_a_hardened_server_was_asked_everything_and_shows_nothing(surveyed: Surveyed) -> None:
    assert {type(each.verdict) for each in surveyed.assessments["apache-hardened"].verdicts} == {NotShown}
    paths = [each.request.path for each in surveyed.transcripts["apache-hardened"].exchanges]
    assert "/server-status" in paths


def test_a_path_that_belongs_to_apache_is_not_asked_of_nginx(surveyed: Surveyed) -> None:
    assert surveyed.verdict("nginx", "server-status") == NotAsked(NotAskedReason.GATE_CLOSED)
    paths = [each.request.path for each in surveyed.transcripts["nginx"].exchanges]
    assert "/server-status" not in paths


def test_the_evidence_is_the_version_that_php_itself_writes_into_its_page(surveyed: Surveyed) -> None:
    transcript = surveyed.transcripts["apache-php"]
    version = transcript.exchanges[0].body.partition(b"<p id=version>")[2].partition(b"<")[0].decode()
    verdict = surveyed.verdict("apache-php", "php-version")
    assert isinstance(verdict, Shown)
    assert f"PHP/{version}" in verdict.evidence[0].excerpt


def test_the_handshake_and_the_certificate_are_kept(surveyed: Surveyed) -> None:
    transcript = surveyed.transcripts["nginx-tls"]
    tls = transcript.exchanges[0].tls
    assert tls is not None
    assert tls.version.startswith("TLSv1.")
    assert [each.sha256 for each in transcript.certificates] == list(tls.chain_sha256)
    assert surveyed.transcripts["nginx"].exchanges[0].tls is None


def test_the_round_stores_what_is_shown(surveyed: Surveyed) -> None:
    columns, rows = ask(
        surveyed.folder,
        "SELECT port, \"check\" FROM verdicts JOIN targets USING (round, target_id) WHERE kind = 'shown'",
    )
    assert columns == ["port", "check"]
    ports = surveyed.servers.ports
    assert {tuple(row) for row in rows} == {(ports[site], check) for site, checks in SHOWN.items() for check in checks}


def test_the_logs_of_these_servers_hold_no_attack(surveyed: Surveyed) -> None:
    logs = [str(path) for path in surveyed.servers.access_logs() if path.stat().st_size]
    told = ebbtide("pressure", *logs, "--json").document()
    assert len(logs) == 3
    assert told["lines"] >= 3 * len(SHOWN)
    assert {each["dialect"] for each in told["files"]} == {"combined"}
    assert [each["signature"] for each in told["whole"] if each["requests"] and each["kind"] != "research"] == []
