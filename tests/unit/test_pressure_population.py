"""From a log to infected hosts, or to the reason why not, by the command and by what it stands on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from command_line import ebbtide
from ebbtide.pressure.ledger import Ledger
from ebbtide.pressure.records import PressureError
from ebbtide.pressure.signatures.reading import own_signatures, read_signatures
from ebbtide.pressure.signatures.records import Spread
from ebbtide.pressure.worms import worms_seen
from ebbtide.publish.population_words import rounded
from kept_logs import N224, QUIET, X224, Asked, log_lines, read_asked

SIGNATURES = {each.id: each for each in own_signatures()}
BEGIN = datetime(2001, 8, 1, tzinfo=UTC)
OWN = "198.51.100.9"


def asked_by(hosts: Sequence[tuple[float, str]], target: str = N224) -> list[Asked]:
    """Hours since the beginning of August 2001, and sources."""
    return [(f"{BEGIN + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}", source, target) for hour, source in hosts]


def outbreak(hosts: int = 400_000, days: int = 10) -> list[Asked]:
    """What one address sees of that many hosts, spread over all addresses but its own /8."""
    random = np.random.default_rng(17)
    hits = random.poisson(hosts * 5 * 86_400 / 2**32 * days)
    sources = [f"{64 + part[0] % 60}.{part[1]}.{part[2]}.{part[3]}" for part in random.integers(1, 250, (hits, 4))]
    seen = asked_by(sorted(zip(map(float, random.uniform(0, 24 * days, hits)), sources, strict=True)))
    return sorted(seen + asked_by([(24 * day + 23.9, "192.0.2.7") for day in range(30)], QUIET))


def worms(log: Path, *words: str) -> dict[str, dict[str, object]]:
    document = ebbtide("pressure", log, *words, "--json").document()
    return {each["signature"]: each for each in document["worms"]}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_bytes(log_lines(outbreak()))
    return path


def test_the_command_tells_the_hosts_with_their_interval_and_what_another_rate_would_make_of_them(log: Path) -> None:
    told = ebbtide("pressure", log, "--own", OWN)
    assert "infected hosts at a time" in told.stdout
    assert "on average over 19 observed days on which it spreads" in told.stdout
    assert "It is assumed" not in told.stdout
    asked = ebbtide("pressure", log, "--own", OWN, "--population")
    assert asked.stdout.count("It is assumed") == 4
    infected = worms(log, "--own", OWN)["code-red-1"]["infected"]
    assert isinstance(infected, dict)
    over_19_days = 400_000 * 10 / 19
    assert infected["interval"]["low"] < over_19_days < infected["interval"]["high"]
    assert infected["days"] == 19
    several = worms(log, "--own", OWN, "--addresses", "4")["code-red-1"]["infected"]
    assert isinstance(several, dict)
    assert several["estimate"] == pytest.approx(infected["estimate"] / 4, rel=1e-3)
    assert worms(log, "--own", OWN, "--sources", "hash")["code-red-1"]["infected"] == infected


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "own_unknown"),
        (("--own", OWN, "--sources", "prefix"), "not_hosts"),
        (("--own", "70.1.2.3"), "local_preference"),
    ],
)
def test_the_command_refuses_by_name_and_says_so_only_where_it_was_asked(
    log: Path, words: tuple[str, ...], reason: str
) -> None:
    assert "Infected" not in ebbtide("pressure", log, *words).stdout
    asked = ebbtide("pressure", log, *words, "--population")
    assert asked.stdout.count("Infected hosts are not estimated: ") == 1
    infected = worms(log, *words)["code-red-1"]["infected"]
    assert isinstance(infected, dict)
    assert infected["reason"] == reason


def test_worms_that_prefer_their_neighbourhood_and_days_of_sleep_are_refused(tmp_path: Path) -> None:
    hosts = [(480.0 + place, f"64.1.{place}.9") for place in range(40)]
    (tmp_path / "log").write_bytes(log_lines(sorted(asked_by(hosts) + asked_by(hosts, X224))))
    found = worms(tmp_path / "log", "--own", OWN)
    reasons = {name: each["infected"]["reason"] for name, each in found.items()}  # type: ignore[index]
    assert reasons == {"code-red-1": "dormant", "code-red-2": "not_uniform"}
    assert found["code-red-1"]["dormant_hits"] == 40
    asked = ebbtide("pressure", tmp_path / "log", "--own", OWN, "--population")
    assert "40 of its requests came on days on which it sleeps" in asked.stdout


def test_a_log_without_worms_says_so(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(log_lines(asked_by([(1, "192.0.2.7")], QUIET)))
    assert "nobody to estimate" in ebbtide("pressure", tmp_path / "log", "--population").stdout
    assert worms(tmp_path / "log") == {}


def test_the_course_of_an_outbreak_is_told_by_the_hour(tmp_path: Path) -> None:
    hosts = [
        (hour + place / 3600, f"64.{hour}.{place // 200}.{place % 200}")
        for hour in range(12)
        for place in range(2**hour)
    ]
    (tmp_path / "log").write_bytes(log_lines(asked_by(hosts)))
    course = worms(tmp_path / "log", "--own", OWN)["code-red-1"]["course"]
    assert isinstance(course, dict)
    assert (course["shape"], course["hours"]) == ("growth", 12)
    assert course["doubling_hours"] == pytest.approx(1.0, rel=1e-3)
    assert "double in 1.0 hours" in ebbtide("pressure", tmp_path / "log", "--population").stdout


def test_hours_of_days_that_were_not_observed_are_left_out_and_a_long_presence_has_no_course(tmp_path: Path) -> None:
    reading = read_asked(tmp_path, asked_by([(0.5, "192.0.2.7"), (0.6, "192.0.2.7"), (50.0, "192.0.2.8")]))
    (seen,) = worms_seen(reading.events.export(with_sources=True), [SIGNATURES["code-red-1"]], reading.ledger)
    assert (seen.hits, seen.sources) == ((2, 1), (1, 1))
    assert [hour for hour, _ in seen.by_hour] == [*range(24), 48, 49, 50]
    assert sum(sources for _, sources in seen.by_hour) == 2
    reading = read_asked(tmp_path, asked_by([(0.5, "192.0.2.7"), (400.0, "192.0.2.8")]))
    (seen,) = worms_seen(reading.events.export(with_sources=True), [SIGNATURES["code-red-1"]], reading.ledger)
    assert seen.by_hour == ()


def test_a_day_of_which_hours_were_observed_counts_by_its_hours(tmp_path: Path) -> None:
    reading = read_asked(tmp_path, asked_by([(0.5, "192.0.2.7"), (30.0, "192.0.2.8")]))
    ledger = Ledger(reading.ledger.lines, {min(reading.ledger.lines): 21_600})
    (seen,) = worms_seen(reading.events.export(with_sources=True), [SIGNATURES["code-red-1"]], ledger)
    assert seen.hours_a_day == 15.0


def test_only_the_first_code_red_scans_evenly_and_how_a_worm_spreads_has_a_source() -> None:
    assert [each.id for each in SIGNATURES.values() if each.spread is Spread.UNIFORM] == ["code-red-1"]
    for each in SIGNATURES.values():
        assert bool(each.spread_source) == (each.spread is not Spread.UNKNOWN)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('spread = "local"', "needs a source"),
        ("probes_per_s = 3.0", "needs a source"),
        ("active_from = 20\nactive_to = 3", "cannot be so"),
    ],
)
def test_a_signature_that_says_how_it_spreads_without_a_source_is_refused(line: str, sentence: str) -> None:
    text = f"""
[[signature]]
id = "x"
family = "X"
kind = "worm"
first_known = 2001-07-12
stage = "raw"
confidence = "certain"
is_spoofable = false
about = "x"
references = ["x"]
positives = ["GET /xxxx", "GET /xxxx1"]
lookalikes = ["GET /y", "GET /z"]
{line}
[[signature.clue]]
prefixes = ["/xxxx"]
"""
    with pytest.raises(PressureError, match=sentence):
        list(read_signatures(text.encode(), "mine.toml"))
    assert list(read_signatures(text.replace(line, "").encode(), "mine.toml"))


@pytest.mark.parametrize(("number", "shown"), [(7.4, 7), (999, 999), (1234, 1230), (397_702.2, 398_000), (0, 0)])
def test_hosts_are_told_to_three_digits(number: float, shown: int) -> None:
    assert rounded(number) == shown
