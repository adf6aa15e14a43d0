"""What must hold before a run's first packet outside loopback, with a world outside that is played."""

import hashlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ebbtide.conduct.proofs import make_challenge
from ebbtide.control.proofs import proof_store, proofs_on_record
from ebbtide.model.errors import ConductError, RoundError
from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Stage
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import Transcript
from ebbtide.probe.lookup import Resolved
from ebbtide.probe.scripted import Reply, ScriptedNetwork, ScriptedServer
from ebbtide.probe.settings import Assignment, ProbeSettings
from ebbtide.rounds.entries import IdentityChecked, OptOutsHonoured, RunPaused, RunStopped
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import CommitLog
from ebbtide.survey import batch
from ebbtide.survey.authorising import kept_authorities
from ebbtide.survey.outside import Outside
from ebbtide.survey.plan_summary import plan_summary
from ebbtide.survey.proving import issue_challenge
from ebbtide.survey.running import RunSummary, run_round
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey
from ebbtide.survey.status import round_status
from ebbtide.workers.executors import SerialExecutor
from unsecret import Unsecret

OURS = "93.184.216.34"
CONFIGURATION = """
[identity]
organisation = "Example University"
page = "http://survey.example.org/"
contact = "survey@example.org"
addresses = ["93.184.216.34"]
[[frame.source]]
path = "hosts.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8"]
opt_out = "opt-outs.csv"
[limits]
batch_targets = 5
[attempts]
spacing_s = 0
[plan]
level = "{level}"
"""
CAUTIOUS = "[caution]\nfirst_share = {share}\nfirst_least = 1\nwindow = 10\nmost_errors = 0.5\n"
PAGE = b"Write to survey@example.org to opt out."


def reply(body: bytes, kind: str = "text/html") -> Reply:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return Reply((head.encode() + body,))


def probing(days: int = 30) -> bytes:
    expires = datetime.now(UTC) + timedelta(days=days)
    return f"Contact: mailto:survey@example.org\nExpires: {expires:%Y-%m-%dT%XZ}\n".encode()


class World:
    """Our own server, the names of our address, and what owners published; remembers every connection."""

    def __init__(self) -> None:
        self.servers = {(OURS, 80): ScriptedServer(replies=(reply(PAGE), reply(probing(), "text/plain")))}
        self.names: tuple[str, ...] = ("survey.example.org",)
        self.texts: dict[str, tuple[bytes, ...]] = {}
        self.networks: list[ScriptedNetwork] = []

    def outside(self) -> Outside:
        def network() -> ScriptedNetwork:
            self.networks.append(ScriptedNetwork(self.servers, otherwise=ScriptedServer(dialing="refuse")))
            return self.networks[-1]

        return Outside(
            resolve=lambda hosts: [
                Resolved(host, (OURS if host == "survey.example.org" else "94.0.0.1",)) for host in hosts
            ],
            names_of=lambda addresses: dict.fromkeys(addresses, self.names),
            texts_of=lambda names: {name: self.texts.get(name, ()) for name in names},
            source=lambda _towards: "",
            network=network,
        )

    @property
    def dialed(self) -> list[str]:
        return [visit.address for network in self.networks for visit in network.visits]


class Played:
    """Stands for the probe of a batch."""

    def __init__(self) -> None:
        self.asked: list[Assignment] = []
        self.settings: list[ProbeSettings] = []
        self.outcome: Callable[[str], Outcome] = lambda _host: Answered()
        self.pause_s = 0.0

    def probe(
        self,
        assignments: Iterable[Assignment],
        _plan: object,
        settings: ProbeSettings,
        *,
        on_start: Callable[[Assignment], None],
        on_done: Callable[[Unsecret], None],
        on_note: Callable[[str, str, str], None],
    ) -> None:
        on_note("slowed", "127.0.0.0/24", "played")
        self.settings.append(settings)
        for each in assignments:
            on_start(each)
            self.asked.append(each)
            time.sleep(self.pause_s)
            outcome = self.outcome(each.target.host)
            on_done(Unsecret(Transcript(each.target, each.attempt, outcome, (), each.addresses[0])))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    played = Played()
    monkeypatch.setattr(batch, "probe_assignments", played.probe)
    return played


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    made = init_survey(tmp_path / "survey", "outside")
    write(made, "hosts.csv", "host,address\n" + "".join(f"h{n}.example,94.0.{n}.1\n" for n in range(20)))
    write(made, "opt-outs.csv", "what,expires,reason,who\n")
    configure(made)
    return made


def configure(folder: SurveyFolder, more: str = "[caution]\nfirst_share = 0\n", level: str = "passive") -> None:
    write(folder, "survey.toml", CONFIGURATION.format(level=level) + more)


def write(folder: SurveyFolder, name: str, text: str) -> None:
    (folder.path / name).write_text(text, encoding="utf-8")


def run(folder: SurveyFolder, world: World, **options: Any) -> RunSummary:
    config = load_config(folder.path)
    options = {"executor": SerialExecutor(), **options}
    return run_round(folder, "r", config, outside=world.outside(), **options)


def entries(folder: SurveyFolder, kind: type) -> list[Any]:
    log = CommitLog(folder.path / "rounds" / "r" / "log")
    numbers = range(1, log.read().entries + 1)
    return [entry for entry in map(log._entry, numbers) if isinstance(entry, kind)]


def test_our_own_page_is_asked_once_before_anybody_else_and_its_hash_is_logged(
    folder: SurveyFolder, played: Played, world: World
) -> None:
    summary = run(folder, world)
    assert world.dialed == [OURS]
    requests = world.networks[0].visits[0].requests
    assert [request.split()[1] for request in requests] == [b"/", b"/.well-known/probing.txt"]
    assert all(b"Ebbtide/" in request and b"survey@example.org" in request for request in requests)
    assert (summary.answered, len(played.asked)) == (20, 20)
    (checked,) = entries(folder, IdentityChecked)
    assert checked.page_sha256 == hashlib.sha256(PAGE).hexdigest()
    assert checked.addresses == {OURS: ("survey.example.org",)}
    assert round_status(folder, "r").identity_sha256 == checked.digest


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"page": reply(b"nothing to see")}, "does not name the contact"),
        ({"probing": reply(probing(-1), "text/plain")}, "is out of date"),
        ({"names": ()}, "there is no reverse DNS for 93.184.216.34"),
        ({"dialing": "silent"}, "is not there: connect failed, timed out"),
    ],
)
def test_a_failed_check_stops_the_run_before_anything_is_written_or_sent_to_a_target(
    folder: SurveyFolder, played: Played, world: World, change: dict[str, Any], sentence: str
) -> None:
    replies = (change.get("page", reply(PAGE)), change.get("probing", reply(probing(), "text/plain")))
    world.servers = {(OURS, 80): ScriptedServer(replies=replies, dialing=change.get("dialing", "accept"))}
    world.names = change.get("names", world.names)
    before = sorted(folder.path.rglob("*"))
    with pytest.raises(ConductError, match=f"nobody was asked, since .*{sentence}"):
        run(folder, world)
    assert played.asked == []
    assert set(world.dialed) == {OURS}
    assert sorted(folder.path.rglob("*")) == before


def test_a_round_that_goes_on_is_checked_again(folder: SurveyFolder, played: Played, world: World) -> None:
    run(folder, world)
    world.names = ()
    with pytest.raises(ConductError, match="no reverse DNS"):
        run(folder, world)


def test_where_everybody_is_on_loopback_nothing_is_checked_and_nothing_else_can_be_reached(
    folder: SurveyFolder, played: Played, world: World
) -> None:
    write(folder, "hosts.csv", "host,address\na.example,127.0.0.1\n127.0.0.2,\n")
    run(folder, world)
    assert world.networks == []
    assert entries(folder, IdentityChecked) == []
    (settings,) = played.settings
    assert settings.scope.decide_address("127.0.0.1") is None
    assert settings.scope.decide_address("94.0.0.1") is not None


@pytest.mark.parametrize("line", ["b.example,94.0.0.1", "b.example,", "94.0.0.1,"])
def test_one_target_outside_or_one_name_to_be_looked_up_is_enough_for_the_check(
    folder: SurveyFolder, played: Played, world: World, line: str
) -> None:
    write(folder, "hosts.csv", f"host,address\na.example,127.0.0.1\n{line}\n")
    world.names = ()
    with pytest.raises(ConductError, match="no reverse DNS"):
        run(folder, world)


def test_the_first_share_is_asked_alone_then_the_round_waits_and_goes_on_at_a_word(
    folder: SurveyFolder, played: Played, world: World
) -> None:
    configure(folder, CAUTIOUS.format(share=0.5))
    with pytest.raises(RoundError, match="has not paused"):
        run(folder, world, go_on=True)
    first = run(folder, world)
    assert 0 < len(played.asked) < 20
    assert first.held_back == 20 - len(played.asked)
    assert round_status(folder, "r").waits
    (paused,) = entries(folder, RunPaused)
    assert (paused.held_back, paused.outcomes) == (first.held_back, {"answered": len(played.asked)})
    assert run(folder, world).asked == 0
    rest = run(folder, world, go_on=True)
    assert (rest.asked, rest.answered, rest.held_back) == (first.held_back, 20, 0)
    assert len({each.target.host for each in played.asked}) == 20
    assert not round_status(folder, "r").waits


def test_loopback_does_not_wait_unless_the_survey_says_so(folder: SurveyFolder, played: Played, world: World) -> None:
    write(folder, "hosts.csv", "host,address\n" + "".join(f"h{n}.example,127.0.{n}.1\n" for n in range(20)))
    configure(folder, CAUTIOUS.format(share=0.5) + "loopback = true\n")
    assert run(folder, world).held_back > 0
    configure(folder, CAUTIOUS.format(share=0.5))
    assert run(folder, world).answered == 20


def test_a_run_with_too_many_errors_stops_in_order_and_goes_on_later(
    folder: SurveyFolder, played: Played, world: World
) -> None:
    configure(folder, CAUTIOUS.format(share=0))
    played.outcome = lambda _host: Failed(Stage.CONNECT, Fault.UNREACHABLE)
    played.pause_s = 0.2
    with ThreadPoolExecutor(4) as beside:
        stopped = run(folder, world, executor=beside)
    played.pause_s = 0.0
    assert "ended in an error that may be our own" in stopped.stopped
    assert 0 < stopped.asked < 20
    assert (entries(folder, RunStopped)[0].why, stopped.held_back) == (stopped.stopped, 0)
    assert round_status(folder, "r").stopped == stopped.stopped
    asked = len(played.asked)
    played.outcome = lambda _host: Answered()
    done = run(folder, world)
    assert (done.answered, done.stopped) == (20, "")
    assert len(played.asked) == asked + 20
    assert round_status(folder, "r").stopped == ""


def test_who_is_asked_again_does_not_pull_the_brake(folder: SurveyFolder, played: Played, world: World) -> None:
    configure(folder, CAUTIOUS.format(share=0).replace("window = 10", "window = 200"))
    unlucky = {f"h{number}.example" for number in range(0, 20, 3)}
    played.outcome = lambda host: Failed(Stage.CONNECT, Fault.RESET) if host in unlucky else Answered()
    done = run(folder, world)
    assert (done.stopped, done.answered, done.failed) == ("", 13, 7)


def test_each_opt_out_is_logged_with_the_number_of_targets_that_it_closed(
    folder: SurveyFolder, played: Played, world: World
) -> None:
    write(folder, "opt-outs.csv", "what,expires,reason,who\n94.0.0.0/22,,,\nh9.example,,,\n.gone.example,,,\n")
    assert run(folder, world).skipped == 5
    (honoured,) = entries(folder, OptOutsHonoured)
    assert honoured.closed == {"94.0.0.0/22 opted out": 4, "h9.example opted out": 1}


def test_a_proof_that_is_still_published_admits_its_host_alone_and_is_kept_with_the_round(
    folder: SurveyFolder, played: Played, world: World
) -> None:
    configure(folder, level="active")
    challenge = issue_challenge(folder, "h3.example", 30)
    with proof_store(folder.path) as store:
        store.note_found(challenge, "dns")
    world.texts[challenge.txt_name] = (b"v=spf1", challenge.text.encode())
    assert plan_summary(folder, load_config(folder.path)).active == {"nobody": 19, "proof:h3.example": 1}
    summary = run(folder, world)
    levels = {each.target.host: each.level for each in played.asked}
    assert [host for host, level in levels.items() if level is Level.ACTIVE] == ["h3.example"]
    assert summary.lapsed_authorities == {}
    kept = folder.round("r").log_state.authorities
    assert kept is not None
    assert kept.holding == ("proof:h3.example",)
    (authority,) = kept_authorities(folder.path / "rounds" / "r" / kept.file)
    assert authority.record["challenge"] == challenge.text


def test_a_proof_that_is_gone_falls_back_to_passive_and_says_so(
    folder: SurveyFolder, played: Played, world: World
) -> None:
    configure(folder, level="active")
    challenge = issue_challenge(folder, "h3.example", 30)
    with proof_store(folder.path) as store:
        store.note_found(challenge, "dns")
    summary = run(folder, world)
    assert {each.level for each in played.asked} == {Level.PASSIVE}
    assert "connect failed, refused" in summary.lapsed_authorities["proof:h3.example"]
    assert round_status(folder, "r").lapsed_authorities == summary.lapsed_authorities
    assert plan_summary(folder, load_config(folder.path)).lapsed_authorities == summary.lapsed_authorities
    (proof,) = proofs_on_record(folder.path)
    assert proof.problem


def test_a_consent_admits_its_prefix_until_it_ends(folder: SurveyFolder, played: Played, world: World) -> None:
    today = datetime.now(UTC).date()
    text = (
        'who = "ACME"\nscope = ["94.0.0.0/22"]\nlevel = "active"\nchecks = ["*"]\ndate = 2026-01-01\n'
        f'expires = {{day}}\ndocument = "letter 7"\nsha256 = "{"0" * 64}"\n'
    )
    more = '[caution]\nfirst_share = 0\n[authority]\nconsents = ["acme.toml"]\n'
    configure(folder, more, level="active")
    write(folder, "acme.toml", text.replace("{day}", str(today - timedelta(days=1))))
    assert plan_summary(folder, load_config(folder.path)).active == {"nobody": 20}
    write(folder, "acme.toml", text.replace("{day}", str(today)))
    assert plan_summary(folder, load_config(folder.path)).active == {"consent:acme.toml": 4, "nobody": 16}
    run(folder, world)
    assert sum(each.level is Level.ACTIVE for each in played.asked) == 4


def test_a_proof_on_a_high_port_is_refused_outside_loopback(folder: SurveyFolder) -> None:
    with pytest.raises(ConductError, match="port 8080 proves nothing"):
        issue_challenge(folder, "http://h3.example:8080", 30)
    assert issue_challenge(folder, "http://127.0.0.1:8080", 30).host == "127.0.0.1"


def test_the_store_of_proofs_keeps_what_was_issued_found_and_missed(tmp_path: Path) -> None:
    assert proofs_on_record(tmp_path) == ()
    day = datetime.now(UTC).date()
    with proof_store(tmp_path) as store:
        store.issue(make_challenge(b"k" * 16, "a.example", day), "")
        store.issue(make_challenge(b"k" * 16, "b.example", day), "http://127.0.0.1:81")
        store.note_missing("b.example", "not there")
    later = make_challenge(b"k" * 16, "a.example", day + timedelta(days=1))
    with proof_store(tmp_path) as store:
        store.note_found(later, "file")
        a, b = store.all()
    assert (a.challenge, a.verified_by, a.problem) == (later, "file", "")
    assert (b.origin, b.verified_at, b.problem) == ("http://127.0.0.1:81", "", "not there")
    with proof_store(tmp_path) as store:
        store.issue(make_challenge(b"k" * 16, "a.example", day), "")
    assert proofs_on_record(tmp_path)[0].verified_at == ""
