"""What is erased is gone, the counts stay, and a kill in between changes nothing about the end."""

import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from ebbtide.frame.ids import endpoint_id, site_id, target_id
from ebbtide.model.configuration import RetentionSection
from ebbtide.model.errors import ConductError, ConfigurationError, RoundError
from ebbtide.model.outcomes import Skipped, SkipReason
from ebbtide.model.rows import (
    BodyRow,
    CertificateRow,
    ExchangeRow,
    OutcomeRow,
    SoftwareRow,
    TargetRow,
    TlsRow,
    VerdictRow,
)
from ebbtide.model.targets import Level
from ebbtide.model.verdicts import CheckInfo, JudgementManifest
from ebbtide.rounds.building import write_round
from ebbtide.rounds.database import ask
from ebbtide.rounds.erasing import BODIES, erase_tables
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import CommitLog
from ebbtide.rounds.sealing import write_derived
from ebbtide.rounds.tables import write_shard
from ebbtide.survey.erasure import erase
from ebbtide.survey.retention import due, expire
from ebbtide.survey.starting import init_survey
from ebbtide.survey.status import round_status

HOSTS = (*(f"h{number}.example.org" for number in range(30)), "other.example.net")
LABEL = "2001-07"
LATE = "2999-01-01"
CHECK = CheckInfo("server-path", "a" * 16, "Server path", Level.PASSIVE, "low", ("zeus",), "mend", ("src",))
MANIFEST = JudgementManifest("00ff00ff00ff00ff", "1", ("iis-2001",), (CHECK,))
TOMBSTONE = Skipped(SkipReason.OPTED_OUT, "erased")


def address_of(host: str) -> str:
    return f"127.0.{len(host) % 3}.{HOSTS.index(host) + 1}"


def target(host: str) -> TargetRow:
    address = address_of(host)
    return TargetRow(target_id(host, address, 80, "http"), site_id(host), host, address, 80, "http", "s", 2.0)


def body_of(host: str) -> bytes:
    return b"shared" if host < "h2" else host.encode()


def sha_of(host: str) -> bytes:
    return body_of(host).ljust(32, b"\0")


def build(folder: SurveyFolder, label: str = LABEL) -> None:
    rows = [target(host) for host in HOSTS]
    outcomes = [
        OutcomeRow(
            *(row.target_id, row.site_id, endpoint_id(row.address, 80), 1, "answered", "", "", "", "", row.address),
            *(200, 1, 0, 10, 0.5, ""),
        )
        for row in rows
    ]
    exchanges = [
        ExchangeRow(
            *(row.target_id, row.site_id, 1, 0, None, "root", "GET", "/", [], 7, "answered", "", "", "", "", 200),
            *("1.1", b"OK", [(b"Server", row.host.encode())], sha_of(row.host), len(body_of(row.host)), 90, False, []),
            *(0.1, None, 0.2, 0.3, row.address, "", "", TlsRow("TLSv1.3", "X", "", (b"1" * 32,))),
            masked=["body/x:1"],
        )
        for row in rows
    ]
    bodies = [BodyRow(sha_of(host), body_of(host)) for host in HOSTS]
    software = [
        SoftwareRow(row.target_id, row.site_id, "zeus", "server", "", "", "3", "", "t", "b", True) for row in rows
    ]
    verdicts = [
        VerdictRow(row.target_id, row.site_id, "server-path", "shown", "", 0, "body", row.host, "m") for row in rows
    ]
    write_round(folder, label, "2001-07-15", rows, outcomes, exchanges, bodies, MANIFEST, software, verdicts)


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    identity = init_survey(tmp_path / "survey", "erasing").path / "survey.json"
    identity.write_text(
        identity.read_text().replace('"shards": 16', '"shards": 2')
    )  # fewer files, less waiting for disks
    folder = SurveyFolder.open(identity.parent)
    build(folder)
    return folder


def one(folder: SurveyFolder, sql: str) -> object:
    ((value,),) = ask(folder, sql)[1]
    return value


def counts(folder: SurveyFolder) -> dict[str, int]:
    tables = ("targets", "outcomes", "final_outcomes", "exchanges", "bodies", "software", "verdicts", "address_units")
    parts = [f"SELECT '{table}', count(*) FROM {table}" for table in tables]  # noqa: S608
    return dict(ask(folder, " UNION ALL ".join(parts))[1])


def octets_on_disk(folder: SurveyFolder) -> bytes:
    """Everything in the survey's folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.path.rglob("*")) if path.is_file())


def files_on_disk(folder: SurveyFolder) -> set[Path]:
    return set(folder.path.rglob("*.parquet*"))


def listed(folder: SurveyFolder) -> set[Path]:
    made = folder.round(LABEL)
    state = made.log_state
    files = [*state.files, *(file for judged in state.judgements.values() for file in judged.files)]
    return {made.path / file.path for file in files}


def test_bodies_expire_and_nothing_else_does(folder: SurveyFolder) -> None:
    before = counts(folder)
    expiry = expire(folder, RetentionSection(bodies_days=90, fields_days=999_999), as_of=LATE)
    assert [(each.round, each.what, each.rows) for each in expiry.expired] == [(LABEL, "bodies", {"bodies": 21})]
    assert counts(folder) == {**before, "bodies": 0}
    assert files_on_disk(folder) == listed(folder)
    transcripts = [each for shard in range(folder.shards) for each in folder.round(LABEL).transcripts(shard)]
    assert len(transcripts) == len(HOSTS)
    assert all(not exchange.is_body_kept for each in transcripts for exchange in each.exchanges)


def test_fields_expire_with_bodies_and_judgements_stay(folder: SurveyFolder) -> None:
    before = counts(folder)
    expire(folder, RetentionSection(), as_of=LATE)
    assert counts(folder) == {**before, "bodies": 0, "exchanges": 0}
    transcripts = [each for shard in range(folder.shards) for each in folder.round(LABEL).transcripts(shard)]
    assert {each.exchanges for each in transcripts} == {()}


def test_a_second_expiry_finds_nothing_and_status_says_what_the_first_erased(folder: SurveyFolder) -> None:
    expire(folder, RetentionSection(fields_days=999_999), as_of=LATE)
    assert expire(folder, RetentionSection(fields_days=999_999), as_of=LATE).expired == ()
    status = round_status(folder, LABEL)
    (line,) = status.erased
    assert "bodies" in line
    assert f"expired on {LATE}" in line
    assert "21 rows of bodies" in line
    assert (status.answered, status.targets) == (len(HOSTS), len(HOSTS))


def test_a_dry_run_erases_nothing(folder: SurveyFolder) -> None:
    before = octets_on_disk(folder)
    expiry = expire(folder, RetentionSection(), as_of=LATE, is_dry_run=True)
    assert [each.rows for each in expiry.expired] == [{"bodies": 21, "exchanges": len(HOSTS)}]
    assert octets_on_disk(folder) == before


def test_what_is_young_stays_and_open_rounds_are_named(folder: SurveyFolder) -> None:
    folder.create_round("2001-08", "2001-08-15")
    assert expire(folder, RetentionSection()).expired == ()
    assert expire(folder, RetentionSection(), as_of=LATE).open_rounds == ("2001-08",)


def test_a_day_that_is_none_is_refused(folder: SurveyFolder) -> None:
    with pytest.raises(ConfigurationError, match="--as-of"):
        expire(folder, RetentionSection(), as_of="tomorrow")


@pytest.mark.parametrize(("age", "what"), [(90, ""), (91, "bodies"), (730, "bodies"), (731, "fields")])
def test_an_age_decides_the_tier(age: int, what: str) -> None:
    begun = date(2026, 1, 31)
    assert due(begun, begun + timedelta(days=age), RetentionSection()) == what


@pytest.mark.parametrize(
    ("subject", "hosts"),
    [
        ("h7.example.org", {"h7.example.org"}),
        (".example.org", set(HOSTS[:-1])),
        ("127.0.0.0/8", set(HOSTS)),
        (address_of("h3.example.org"), {"h3.example.org"}),
        ("H7.EXAMPLE.org", {"h7.example.org"}),
    ],
)
def test_whoever_is_erased_leaves_rows_that_count_and_tell_nothing(
    folder: SurveyFolder, subject: str, hosts: set[str]
) -> None:
    before = counts(folder)
    (erased,) = erase(folder, subject, why="opted out").erased
    left = set(HOSTS) - hosts
    assert erased.targets == len(hosts)
    after = counts(folder)
    assert {name: after[name] for name in ("targets", "outcomes", "final_outcomes")} == {
        name: before[name] for name in ("targets", "outcomes", "final_outcomes")
    }
    assert (after["exchanges"], after["software"], after["verdicts"]) == (len(left),) * 3
    assert after["bodies"] == len({(site_id(host) >> 63, sha_of(host)) for host in left})
    assert {host for (host,) in ask(folder, "SELECT host FROM targets WHERE host <> ''")[1]} == left
    assert {address for (address,) in ask(folder, "SELECT address FROM address_units")[1]} == set(map(address_of, left))
    assert one(folder, "SELECT sum(weight) FROM targets") == 2.0 * len(HOSTS)
    seal = folder.round(LABEL).log_state.seal
    assert seal is not None
    assert (seal.targets, seal.answered, seal.failed, seal.skipped) == (len(HOSTS), len(left), 0, len(hosts))
    assert files_on_disk(folder) == listed(folder)
    transcripts = [each for shard in range(folder.shards) for each in folder.round(LABEL).transcripts(shard)]
    assert [each.outcome for each in transcripts if not each.target.host] == [TOMBSTONE] * len(hosts)
    assert {each.exchanges[0].body for each in transcripts if each.target.host} == set(map(body_of, left))
    log = "".join(path.read_text() for path in (folder.round_folder(LABEL) / "log").iterdir())
    assert not [host for host in hosts if host in log]


def test_whoever_was_erased_is_not_found_again_and_an_empty_erasure_writes_no_entry(folder: SurveyFolder) -> None:
    erase(folder, "h7.example.org", why="opted out")
    entries = folder.round(LABEL).log_state.entries
    assert erase(folder, "h7.example.org", why="opted out").erased == ()
    assert erase(folder, "nobody.example", why="opted out").erased == ()
    assert folder.round(LABEL).log_state.entries == entries


def test_certificates_go_with_the_last_exchange_that_names_them(folder: SurveyFolder) -> None:
    made = folder.round(LABEL)
    state = made.log_state
    assert state.seal is not None
    rows = [CertificateRow(b"1" * 32, b"sent by all"), CertificateRow(b"2" * 32, b"sent by nobody")]
    files = [*state.files, *(write_shard(made.path, "certificates", shard, rows) for shard in range(made.shards))]
    made.commit(msgspec.structs.replace(state.seal, files=(*files, *write_derived(made, files))))
    erase(folder, "h7.example.org", why="opted out")
    assert ask(folder, "SELECT DISTINCT der FROM certificates ORDER BY der")[1] in (
        [(b"sent by all",)],
        [(b"sent by all",), (b"sent by nobody",)],
    )
    erase(folder, "127.0.0.0/8", why="opted out")
    assert one(folder, "SELECT count(*) FROM certificates") == 0
    assert one(folder, "SELECT count(*) FROM certificate_summaries") == 0
    assert files_on_disk(folder) == listed(folder)


def test_kept_facts_are_forgotten_when_somebody_is_erased(folder: SurveyFolder) -> None:
    kept = folder.path / "facts" / f"{LABEL}.none.parquet"
    kept.parent.mkdir()
    kept.write_bytes(b"")
    erase(folder, "nobody.example", why="opted out")
    assert kept.exists()
    erase(folder, "h7.example.org", why="opted out")
    assert not kept.exists()


def test_a_dry_erasure_erases_nothing(folder: SurveyFolder) -> None:
    before = octets_on_disk(folder)
    (erased,) = erase(folder, ".example.org", why="", is_dry_run=True).erased
    assert erased.targets == 30
    assert octets_on_disk(folder) == before


def test_a_subject_that_is_none_and_an_open_round_are_refused(folder: SurveyFolder) -> None:
    with pytest.raises(ConductError):
        erase(folder, "a b", why="")
    open_round = folder.create_round("2001-08", "2001-08-15")
    with pytest.raises(RoundError, match="open"):
        erase_tables(open_round, BODIES, "bodies", "")


KILLS = {
    "before anything is written": ("erasing", "write_arrow", 1, "before"),
    "between two files": ("erasing", "write_arrow", 2, "after"),
    "before a file is renamed": ("Path", "replace", 1, "before"),
    "before the entry": ("CommitLog", "append", 1, "before"),
    "after the entry": ("CommitLog", "append", 1, "after"),
    "before the first old file goes": ("Path", "unlink", 1, "before"),
    "between two old files": ("Path", "unlink", 3, "after"),
}
DRIVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from kill_driver import kill_at
from ebbtide.model.configuration import RetentionSection
from ebbtide.rounds import erasing
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import CommitLog
from ebbtide.rounds.sealing import write_derived
from ebbtide.rounds.tables import write_shard
from ebbtide.survey.erasure import erase
from ebbtide.survey.retention import expire
owner = {"erasing": erasing, "Path": Path, "CommitLog": CommitLog}[sys.argv[4]]
folder = SurveyFolder.open(Path(sys.argv[2]))
kill_at(owner, sys.argv[5], int(sys.argv[6]), sys.argv[7])
if sys.argv[3] == "erase":
    erase(folder, ".example.org", why="opted out")
else:
    expire(folder, RetentionSection(), as_of="2999-01-01")
"""


@pytest.mark.parametrize(
    ("action", "moment"),
    [
        (action, moment)
        for action in ("erase", "expire")
        for moment in KILLS
        if (action, moment[:7]) != ("expire", "between")
    ],
)
def test_a_kill_between_two_steps_and_another_call_lead_to_the_same_end(
    folder: SurveyFolder, action: str, moment: str
) -> None:
    owner, name, nth, when = KILLS[moment]
    if action == "expire" and owner == "erasing":
        owner, name = "CommitLog", "append"
    words = [str(Path(__file__).parents[1]), str(folder.path), action, owner, name, str(nth), when]
    killed = subprocess.run([sys.executable, "-c", DRIVER, *words], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    for _ in range(2):
        if action == "erase":
            erase(folder, ".example.org", why="opted out")
        else:
            expire(folder, RetentionSection(), as_of=LATE)
    left = 1 if action == "erase" else 0
    assert (counts(folder)["exchanges"], counts(folder)["bodies"], counts(folder)["targets"]) == (
        left,
        left,
        len(HOSTS),
    )
    assert files_on_disk(folder) == listed(folder)
    assert len(folder.round(LABEL).log_state.erasures) == 1
    assert CommitLog(folder.round_folder(LABEL) / "log").read() == folder.round(LABEL).log_state
