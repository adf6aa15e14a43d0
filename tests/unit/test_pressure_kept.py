"""What a survey keeps of attacks: nothing twice, sources as it wants them, keys that go, kills that change nothing."""

import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from command_line import ebbtide
from ebbtide.model.attacks import AttackMonthRow, AttackRow
from ebbtide.model.configuration import PressureSection, RetentionSection
from ebbtide.model.errors import RoundError, SurveyFolderError
from ebbtide.pressure.counting import count_load
from ebbtide.pressure.keeping import keep_reading
from ebbtide.pressure.records import PressureError
from ebbtide.rounds.attack_erasing import expire_sources
from ebbtide.rounds.attack_keys import MonthKeys
from ebbtide.rounds.attacks import AttackStore
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.erasure import erase
from ebbtide.survey.retention import expire
from ebbtide.survey.starting import init_survey
from kept_logs import N224, NIMDA, QUIET, SCAN, X224, Asked, kept_rows, kept_sources, octets_of, read, read_asked

JULY: list[Asked] = [
    ("2001-07-19 10:00:00", "192.0.2.7", N224),
    ("2001-07-19 10:00:00", "192.0.2.8", N224),
    ("2001-07-20 09:00:00", "192.0.2.7", QUIET),
    ("2001-07-31 23:50:00", "198.51.100.4", SCAN),
]
AUGUST: list[Asked] = [
    ("2001-08-04 11:00:00", "192.0.2.7", X224),
    ("2001-08-04 11:00:00", "192.0.2.7", X224),
    ("2001-08-04 11:29:00", "192.0.2.7", X224),
    ("2001-08-04 12:00:00", "192.0.2.7", X224),
    ("2001-08-05 11:00:00", "192.0.2.9", NIMDA),
    ("2001-08-05 11:00:01", "203.0.113.5", X224),
]
RAW, PREFIX, HASH = (PressureSection(sources=each) for each in ("raw", "prefix", "hash"))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> SurveyFolder:
    return init_survey(tmp_path / "survey", "kept")


def of_month(folder: SurveyFolder, month: str, signature: str) -> AttackMonthRow:
    (row,) = (
        each for each in AttackStore(folder).rows(AttackMonthRow) if (each.month, each.signature) == (month, signature)
    )
    return row


def test_months_count_requests_visits_and_sources(folder: SurveyFolder, tmp_path: Path) -> None:
    summary = keep_reading(folder, read_asked(tmp_path, JULY + AUGUST), RAW, "192.0.5.5")
    assert [(each.month, each.days, each.requests, each.added) for each in summary.months] == [
        ("2001-07", 3, 3, 3),
        ("2001-08", 2, 6, 6),
    ]
    found = of_month(folder, "2001-08", "code-red-2")
    assert (found.requests, found.visits, found.sources, found.top_requests) == (5, 3, 2, 4)
    assert (found.near_16, found.near_8) == (1, 0)
    together = of_month(folder, "2001-08", "all")
    assert (together.requests, together.visits, together.sources) == (6, 4, 3)


def test_of_a_name_in_place_of_an_address_nobody_can_tell_how_near_it_lies(
    folder: SurveyFolder, tmp_path: Path
) -> None:
    named = [("2001-08-06 11:00:00", "dial-7.example.net", X224), *AUGUST]
    keep_reading(folder, read_asked(tmp_path, sorted(named)), RAW, "192.0.5.5")
    assert (of_month(folder, "2001-08", "code-red-2").near_16, of_month(folder, "2001-08", "nimda").near_16) == (
        None,
        1,
    )


def test_what_is_kept_counts_as_the_logs_do(folder: SurveyFolder, tmp_path: Path) -> None:
    reading = read_asked(tmp_path, JULY + AUGUST)
    keep_reading(folder, reading, HASH)
    for each in count_load(reading.events, reading.ledger).months:
        found = of_month(folder, each.month, each.signature)
        assert (found.requests, found.visits, found.sources) == (each.requests, each.visits, each.sources)


@pytest.mark.parametrize("section", [RAW, PREFIX, PressureSection(sources="hash", key_months=12)])
def test_the_same_log_given_again_and_logs_that_overlap_count_once(
    folder: SurveyFolder, tmp_path: Path, section: PressureSection
) -> None:
    keep_reading(folder, read_asked(tmp_path, JULY + AUGUST), section)
    before = kept_rows(folder)
    again = keep_reading(folder, read(tmp_path / "log"), section)
    keep_reading(folder, read_asked(tmp_path, AUGUST[1:4]), section)
    assert [each.added for each in again.months] == [0, 0]
    assert kept_rows(folder) == before


def test_a_log_that_goes_on_in_the_middle_of_a_day_is_added(folder: SurveyFolder, tmp_path: Path) -> None:
    keep_reading(folder, read_asked(tmp_path, AUGUST[:3]), HASH)
    keep_reading(folder, read_asked(tmp_path, AUGUST[3:]), HASH)
    parts = kept_rows(folder)["AttackMonthRow"]
    other = init_survey(tmp_path / "other", "whole")
    keep_reading(other, read_asked(tmp_path, AUGUST), HASH)
    assert parts == kept_rows(other)["AttackMonthRow"]


def test_hashed_sources_name_nobody_and_the_keys_of_past_months_are_gone(folder: SurveyFolder, tmp_path: Path) -> None:
    keep_reading(folder, read_asked(tmp_path, JULY), HASH)
    july = MonthKeys(folder).hash("192.0.2.7", "2001-07")
    keep_reading(folder, read_asked(tmp_path, AUGUST), HASH)
    keys = MonthKeys(folder)
    assert keys.months == {"2001-08"}
    assert keys.path.stat().st_mode & 0o777 == 0o600
    hashes = {month: {row.source for row in rows} for month, rows in by_month(folder).items()}
    assert july in hashes["2001-07"]
    assert keys.hash("192.0.2.7", "2001-08") in hashes["2001-08"]
    assert not hashes["2001-07"] & hashes["2001-08"]
    assert b"192.0.2" not in octets_of(folder.path / "pressure")


def by_month(folder: SurveyFolder) -> dict[str, list[AttackRow]]:
    store = AttackStore(folder)
    return {month: store.read(kept, AttackRow) for month, kept in store.state().months.items()}


def test_a_month_without_its_key_is_closed_and_said_to_be_so(folder: SurveyFolder, tmp_path: Path) -> None:
    keep_reading(folder, read_asked(tmp_path, JULY + AUGUST), HASH)
    before = kept_rows(folder)
    closed = {month: kept.closed_to for month, kept in AttackStore(folder).state().months.items()}
    assert closed == {"2001-07": "2001-07-31", "2001-08": ""}
    july, _ = keep_reading(
        folder, read_asked(tmp_path, [*JULY, ("2001-07-19 12:00:00", "192.0.2.9", N224), *AUGUST]), HASH
    ).months
    assert (july.added, july.passed_over, "key" in july.why) == (0, 4, True)
    assert kept_rows(folder) == before


def test_keys_that_were_lost_close_their_month(folder: SurveyFolder, tmp_path: Path) -> None:
    keep_reading(folder, read_asked(tmp_path, AUGUST), HASH)
    MonthKeys(folder).path.unlink()
    (august,) = keep_reading(folder, read_asked(tmp_path, [("2001-08-06 11:00:00", "192.0.2.7", X224)]), HASH).months
    assert (august.added, august.passed_over, august.requests) == (0, 1, 6)
    assert MonthKeys(folder).months == frozenset()


def test_prefixes_are_kept_where_prefixes_are_wanted(folder: SurveyFolder, tmp_path: Path) -> None:
    keep_reading(folder, read_asked(tmp_path, AUGUST), PREFIX)
    assert kept_sources(folder) == {"192.0.2.0/24", "203.0.113.0/24"}


@pytest.mark.parametrize("section", [HASH, PREFIX])
def test_addresses_that_are_not_wanted_any_more_give_way(
    folder: SurveyFolder, tmp_path: Path, section: PressureSection
) -> None:
    keep_reading(folder, read_asked(tmp_path, JULY + AUGUST), RAW)
    assert "192.0.2.7" in kept_sources(folder)
    july = of_month(folder, "2001-07", "code-red-1").requests
    keep_reading(folder, read_asked(tmp_path, AUGUST), section)
    assert not {"192.0.2.7", "203.0.113.5"} & kept_sources(folder)
    assert b"192.0.2.7" not in octets_of(folder.path / "pressure")
    assert of_month(folder, "2001-07", "code-red-1").requests == july
    assert of_month(folder, "2001-08", "code-red-2").requests == 5


def test_a_month_that_was_begun_with_hashes_goes_on_with_them(folder: SurveyFolder, tmp_path: Path) -> None:
    keep_reading(folder, read_asked(tmp_path, AUGUST[:4]), HASH)
    (august,) = keep_reading(folder, read_asked(tmp_path, AUGUST), RAW).months
    assert (august.sources, august.added) == ("hash", 2)
    assert b"192.0.2" not in octets_of(folder.path / "pressure")


def test_the_logs_of_another_server_are_refused(folder: SurveyFolder, tmp_path: Path) -> None:
    reading = read_asked(tmp_path, AUGUST)
    keep_reading(folder, reading, RAW)
    assert of_month(folder, "2001-08", "all").near_16 is None
    keep_reading(folder, reading, RAW, "192.0.5.5")
    assert of_month(folder, "2001-08", "all").near_16 == 2
    with pytest.raises(PressureError, match=r"keeps the attacks on 192\.0\.5\.5"):
        keep_reading(folder, reading, RAW, "198.51.100.1")


def test_sources_expire_the_counts_stay_and_the_month_is_closed(folder: SurveyFolder, tmp_path: Path) -> None:
    section = PressureSection(sources="hash", key_months=9)
    keep_reading(folder, read_asked(tmp_path, JULY + AUGUST), section)
    before = kept_rows(folder)
    assert expire_sources(folder, 90, date(2001, 10, 29)) == {}
    dry = expire(folder, RetentionSection(), PressureSection(), as_of="2001-10-30", is_dry_run=True)
    assert (dry.attacks, kept_rows(folder)) == ({"2001-07": 3}, before)
    assert expire(folder, RetentionSection(), PressureSection(), as_of="2001-10-30").attacks == {"2001-07": 3}
    assert expire(folder, RetentionSection(), PressureSection(), as_of="2001-10-30").attacks == {}
    after = kept_rows(folder)
    assert after["AttackMonthRow"] == before["AttackMonthRow"]
    assert after["AttackDayRow"] == before["AttackDayRow"]
    assert {row.day[:7] for row in AttackStore(folder).rows(AttackRow)} == {"2001-08"}
    assert MonthKeys(folder).months == {"2001-08"}
    july, _ = keep_reading(folder, read_asked(tmp_path, JULY + AUGUST), section).months
    assert (july.requests, july.added, "erased on 2001-10-30" in july.why) == (3, 0, True)
    assert not list((folder.path / "pressure" / "2001-07").glob("attacks-*"))


@pytest.mark.parametrize(
    ("sources", "subject", "gone"),
    [
        ("raw", "192.0.2.7", 2), ("raw", "192.0.2.0/24", 4), ("raw", "shop.example", 0), ("hash", "192.0.2.7", 1),
        ("hash", "192.0.2.0/24", 2), ("hash", "192.0.0.0/8", 0), ("prefix", "192.0.2.7", 0),
        ("prefix", "192.0.2.0/23", 2),
    ],
)  # fmt: skip
def test_somebody_is_erased_as_far_as_it_can_be_told_who_it_is(
    folder: SurveyFolder, tmp_path: Path, sources: str, subject: str, gone: int
) -> None:
    section = PressureSection(sources=sources)  # type: ignore[arg-type]
    keep_reading(folder, read_asked(tmp_path, JULY + AUGUST), section)
    before = kept_rows(folder)
    assert sum(erase(folder, subject, why="opted out", is_dry_run=True).attacks.values()) == gone
    assert kept_rows(folder) == before
    assert sum(erase(folder, subject, why="opted out").attacks.values()) == gone
    assert erase(folder, subject, why="opted out").attacks == {}
    after = kept_rows(folder)
    assert sum(row.source.startswith("erased-") for row in AttackStore(folder).rows(AttackRow)) >= gone
    assert [after[name] for name in ("AttackDayRow", "AttackMonthRow")] == [
        before[name] for name in ("AttackDayRow", "AttackMonthRow")
    ]
    if gone and sources == "raw":
        assert subject.encode() not in octets_of(folder.path / "pressure")
        august = keep_reading(folder, read_asked(tmp_path, AUGUST), section).months[0]
        assert (august.added, august.passed_over, august.why) == (0, 6, "somebody was erased from it")
        assert subject not in kept_sources(folder)


def test_a_damaged_or_newer_file_and_keys_that_others_can_read_are_told(folder: SurveyFolder, tmp_path: Path) -> None:
    reading = read_asked(tmp_path, AUGUST)
    keep_reading(folder, reading, HASH)
    keys, kept = MonthKeys(folder).path, folder.path / "pressure" / "kept.json"
    keys.chmod(0o644)
    with pytest.raises(SurveyFolderError, match="chmod 600"):
        keep_reading(folder, reading, HASH)
    keys.chmod(0o600)
    text = kept.read_text()
    for broken, told in (("{", "cannot be read"), (text.replace('"format": 1', '"format": 2'), "newer version")):
        kept.write_text(broken)
        with pytest.raises(SurveyFolderError, match=told):
            keep_reading(folder, reading, HASH)
    kept.write_text(text)
    for text in ('{"2001-08": "zz"}', "[]"):
        keys.write_text(text)
        with pytest.raises(SurveyFolderError, match="keys"):
            keep_reading(folder, reading, HASH)
    next((folder.path / "pressure").glob("*/attack_days*")).write_bytes(b"odd")
    with pytest.raises(SurveyFolderError, match="table cannot be read"):
        kept_rows(folder)


def test_two_cannot_keep_at_once(folder: SurveyFolder, tmp_path: Path) -> None:
    with AttackStore(folder).locked(), pytest.raises(RoundError, match="another process"):
        keep_reading(folder, read_asked(tmp_path, AUGUST), HASH)


KILLS = {
    "before the keys": ("MonthKeys", "_write", 1, "before"),
    "after the keys": ("MonthKeys", "_write", 1, "after"),
    "before a table is renamed": ("Path", "replace", 2, "before"),
    "between two tables": ("Path", "replace", 3, "after"),
    "before the state": ("AttackStore", "commit", 1, "before"),
    "within the commit, before it counts": ("attacks", "write_file", 1, "before"),
    "within the commit, after it counts": ("attacks", "write_file", 1, "after"),
    "before old files go": ("Path", "unlink", 2, "before"),
    "after the state, before old keys go": ("AttackStore", "commit", 1, "after"),
}
DRIVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from kill_driver import kill_at
from kept_logs import read
from ebbtide.model.configuration import PressureSection
from ebbtide.pressure.keeping import keep_reading
from ebbtide.rounds import attacks
from ebbtide.rounds.attack_keys import MonthKeys
from ebbtide.rounds.attacks import AttackStore
from ebbtide.rounds.folder import SurveyFolder
owner = {"MonthKeys": MonthKeys, "Path": Path, "AttackStore": AttackStore, "attacks": attacks}[sys.argv[4]]
folder, reading = SurveyFolder.open(Path(sys.argv[2])), read(Path(sys.argv[3]))
kill_at(owner, sys.argv[5], int(sys.argv[6]), sys.argv[7])
keep_reading(folder, reading, PressureSection(), "192.0.5.5")
"""


@pytest.mark.parametrize("moment", KILLS)
def test_a_kill_at_any_moment_and_another_call_lead_to_the_same_end(
    folder: SurveyFolder, tmp_path: Path, moment: str
) -> None:
    owner, name, nth, when = KILLS[moment]
    keep_reading(folder, read_asked(tmp_path, JULY), HASH, "192.0.5.5")
    reading = read_asked(tmp_path, JULY + AUGUST)
    words = [str(Path(__file__).parents[1]), str(folder.path), str(tmp_path / "log"), owner, name, str(nth), when]
    killed = subprocess.run([sys.executable, "-c", DRIVER, *words], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    kept_rows(folder)
    keep_reading(folder, reading, HASH, "192.0.5.5")
    other = init_survey(tmp_path / "other", "never killed")
    keep_reading(other, reading, HASH, "192.0.5.5")
    counts = ("ObservedDayRow", "AttackDayRow", "AttackMonthRow")
    assert [kept_rows(folder)[name] for name in counts] == [kept_rows(other)[name] for name in counts]
    assert MonthKeys(folder).months == {"2001-08"}
    named = {file for kept in AttackStore(folder).state().months.values() for file in kept.files.values()}
    on_disk = {path.relative_to(folder.path / "pressure").as_posix() for path in folder.path.rglob("*.parquet*")}
    assert on_disk == named


def test_an_older_file_lacks_a_column_and_is_read_with_none_in_it(folder: SurveyFolder, tmp_path: Path) -> None:
    keep_reading(folder, read_asked(tmp_path, AUGUST), RAW, "192.0.5.5")
    path = next((folder.path / "pressure").glob("*/attacks-*"))
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["near"]), path)
    assert {row.near for row in AttackStore(folder).rows(AttackRow)} == {None}


def test_the_command_keeps_shows_and_hands_out_without_sources_unless_it_is_asked(
    folder: SurveyFolder, tmp_path: Path
) -> None:
    read_asked(tmp_path, AUGUST)
    log, out = tmp_path / "log", tmp_path / "out.jsonl"
    with (folder.path / "survey.toml").open("a") as stream:
        stream.write('\n[pressure]\nsources = "prefix"\n')
    text = (folder.path / "survey.toml").read_text()
    (folder.path / "survey.toml").write_text(text.replace("\n[pressure]\n# ", "\n# ", 1))
    found = ebbtide("pressure", log, "--survey", folder.path, "--keep", "--own", "192.0.5.5", "--json").document()
    assert [(each["month"], each["added"], each["sources"]) for each in found["kept"]] == [("2001-08", 6, "prefix")]
    told = ebbtide("pressure", log, "--survey", folder.path, "--keep", "--events", out)
    assert (told.returncode, "Kept" in told.stdout) == (0, True), told.stderr
    assert b"source" not in out.read_bytes()
    assert ebbtide("pressure", "--survey", folder.path, "--events", out, "--with-sources").returncode == 0
    assert b'"source":"192.0.2.0/24"' in out.read_bytes()
    assert b"192.0.2.7" not in out.read_bytes()
    assert ebbtide("pressure", "--survey", folder.path, "--json").document()["kept"]["2001-08"]["sources"] == "prefix"
    assert ebbtide("pressure", log, "--events", out).returncode == 0
    assert (out.read_bytes().count(b"\n"), b"192.0.2" in out.read_bytes()) == (6, False)
    assert ebbtide("pressure", log, "--events", out, "--with-sources").returncode == 0
    assert b'"source":"192.0.2.7"' in out.read_bytes()
    for words, sentence in (
        ((), "no log to read"),
        (("--survey", folder.path, "--keep"), "--keep needs logs"),
        ((log, "--keep"), "--keep needs logs"),
        ((log, "--survey", folder.path), "Add --keep"),
        ((log, "--survey", folder.path, "--keep", "--sources", "hash"), "for the survey to say"),
        ((log, "--with-sources"), "no file to write sources to"),
        ((log, "--events", tmp_path / "none" / "x"), "cannot be written"),
    ):
        refused = ebbtide("pressure", *words)
        assert (refused.returncode, sentence in refused.stderr) == (2, True), refused.stderr
