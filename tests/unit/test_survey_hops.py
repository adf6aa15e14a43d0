"""Redirects that were handed on: found among stored exchanges, followed once, kept without an outcome of their own."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.outcomes import Answered, Failed, Fault, Skipped, SkipReason, Stage
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.probe.settings import Assignment
from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey import batch
from ebbtide.survey.hops import Asked, PendingHop, hops_of, unasked
from ebbtide.survey.running import RunSummary, run_round
from ebbtide.survey.sealing import seal_round
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey
from ebbtide.workers.executors import SerialExecutor
from unsecret import Unsecret

HOME = Target(target_id("a.test", "*", 80, "http"), site_id("a.test"), "a.test", "", 80, Scheme.HTTP)
CONFIGURATION = """
[[frame.source]]
path = "hosts.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8"]
exclude = ["127.9.0.0/16"]
[plan]
redirects = "in_scope"
most_redirects = 3
"""
GOES_TO = {"a.test": "http://127.1.1.1/", "b.test": "http://127.9.1.1/", "http://127.1.1.1": "http://127.2.2.2/end"}


def asked(ordinal: int, parent: int | None, path: str, origin: str, handed_on: str) -> Asked:
    return Asked(ordinal, parent, path, origin, handed_on)


def test_a_hop_knows_its_chain_and_the_ordinal_that_comes_next() -> None:
    (hop,) = hops_of(
        HOME,
        [
            asked(0, None, "/", "", "http://b.test/x"),
            asked(1, None, "/absent", "", ""),
            asked(2, 0, "/x", "http://b.test", "https://c.test:8443/y"),
        ],
    )
    assert (hop.url, hop.parent, hop.first_ordinal) == ("https://c.test:8443/y", 2, 3)
    assert hop.visited == ("http://a.test/", "http://b.test/x")


def test_what_was_followed_is_not_followed_again() -> None:
    assert list(hops_of(HOME, [asked(0, None, "/", "", "http://b.test/"), asked(1, 0, "/", "http://b.test", "")])) == []


class Played:
    """Stands for the probe: some front pages hand a redirect on."""

    def __init__(self) -> None:
        self.asked: list[Assignment] = []

    def probe(
        self,
        assignments: Iterable[Assignment],
        _plan: object,
        _settings: object,
        *,
        on_start: Callable[[Assignment], None],
        on_done: Callable[[Unsecret], None],
        on_note: Callable[[str, str, str], None],
    ) -> None:
        on_note("slowed", "127.0.0.0/24", "played")
        for each in assignments:
            on_start(each)
            self.asked.append(each)
            on_done(Unsecret(self.transcript(each)))

    def transcript(self, each: Assignment) -> Transcript:
        hop, target = each.hop, each.target
        exchange = Exchange(
            *(target.target_id, target.site_id, hop.first_ordinal if hop else 0, each.attempt),
            *(hop.request if hop else Request("/", Purpose.ROOT), 7, Answered()),
            status=302,
            parent=hop.parent if hop else None,
            address=each.addresses[0],
            origin=hop.origin.label if hop else "",
            handed_on=GOES_TO.get(hop.origin.label if hop else target.host, ""),
        )
        follows = hop.parent if hop else None
        return Transcript(target, each.attempt, Answered(), (exchange,), each.addresses[0], 7, follows=follows)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    played = Played()
    monkeypatch.setattr(batch, "probe_assignments", played.probe)
    return played


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    made = init_survey(tmp_path / "survey", "played")
    (made.path / "hosts.csv").write_text("host,address\na.test,127.0.0.1\nb.test,127.0.0.2\nc.test,127.0.0.3\n")
    (made.path / "survey.toml").write_text(CONFIGURATION)
    return made


def run(folder: SurveyFolder) -> RunSummary:
    return run_round(folder, "r", load_config(folder.path), executor=SerialExecutor())


def test_hops_are_followed_across_hosts_until_the_chain_ends(folder: SurveyFolder, played: Played) -> None:
    summary = run(folder)
    assert (summary.asked, summary.answered) == (3, 3)
    assert [each.addresses[0] for each in played.asked if each.hop] == ["127.1.1.1", "127.2.2.2"]
    query = "SELECT ordinal, parent, origin, kind, reason_skipped FROM exchanges WHERE parent IS NOT NULL ORDER BY ALL"
    assert ask(folder, query)[1] == [
        (1, 0, "http://127.1.1.1", "answered", ""),
        (1, 0, "http://127.9.1.1", "skipped", "out_of_scope"),
        (2, 1, "http://127.2.2.2", "answered", ""),
    ]


def test_a_second_run_follows_nothing_anew_and_the_round_conserves(folder: SurveyFolder, played: Played) -> None:
    run(folder)
    before = len(played.asked)
    assert run(folder).asked == 0
    assert len(played.asked) == before
    sealed = seal_round(folder, "r")
    assert (sealed.targets, sealed.answered, sealed.failed, sealed.skipped) == (3, 3, 0, 0)
    assert ask(folder, "SELECT count(*) FROM outcomes")[1] == [(3,)]


def test_hops_leave_outcomes_alone() -> None:
    skipped, failed = Skipped(SkipReason.OUT_OF_SCOPE), Failed(Stage.RESOLVE, Fault.NAME_NOT_FOUND)
    (hop,) = hops_of(HOME, [asked(0, None, "/", "", "http://b.test/x")])
    for outcome in (skipped, failed):
        transcript = unasked(PendingHop(HOME, 1, hop), outcome, "here")
        assert (transcript.follows, transcript.exchanges[0].outcome, transcript.exchanges[0].parent) == (0, outcome, 0)
