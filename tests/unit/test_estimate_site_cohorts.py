"""All checks at once, a shard at a time, says what the questions on units say one by one."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ebbtide.estimate.questions import ask_question
from ebbtide.estimate.site_cohorts import site_cohorts
from ebbtide.estimate.two_rounds import two_rounds
from ebbtide.rounds.folder import SurveyFolder
from estimate_rounds import AUGUST, IDA, IIS, JULY, Seen, addresses, build_round, check_info, survey_at

CHECKS = (check_info(), check_info("any-server", "c" * 16, ()), check_info("two", "d" * 16, (IIS, "apache")))
FAMILIES = (f"{IIS}/5.0", f"{IIS}/4.0", "apache/1.3", "apache/1.3.20", "unknown", "zeus")
ENDS = ("refused", "silent", "reset", "no_name", "skipped")
SHOWN = ("shown", "cannot_tell/masked", "not_asked/budget", "not_asked/gate_closed", "not_shown")
FATES = """
SELECT s.check_id, f.fate, count(*) FROM cohort s
LEFT JOIN version_moves m USING (version_then, version_now)
JOIN check_fates f ON f.presence = s.presence_now
    AND f.software = CASE WHEN s.presence_now <> 'answered' THEN ''
        WHEN s.family_now = 'unknown' OR s.family_now = '' THEN 'masked'
        WHEN s.family_now <> s.family_then THEN 'competitor' ELSE coalesce(m.move, 'same') END
    AND f.verdict = CASE WHEN s.presence_now <> 'answered' THEN '' ELSE s.verdict_now END
WHERE s.unit = 'site' AND s.verdict_then = 'shown' GROUP BY ALL
"""


def drawn(random: np.random.Generator, names: int) -> list[Seen]:
    """Targets of random ends; of three sites in ten several ports, on which different products may answer."""
    where, found = addresses(60), []
    for number in range(names):
        if random.random() < 0.1:
            continue
        for port in (80, 8080, 8081)[: 1 if number % 10 < 7 else int(random.integers(1, 4))]:
            says = str(random.choice(FAMILIES if random.random() < 0.8 else ENDS))
            told = {
                check.id: str(random.choice(SHOWN)) for check in CHECKS if says not in ENDS and random.random() < 0.4
            }
            attempts = int(random.integers(1, 3))
            found.append(Seen(f"h{number}.test", where[number % 60], says, told, attempt=attempts, port=port))
    return found


def survey(path: Path, seed: int) -> SurveyFolder:
    folder, random = survey_at(path), np.random.default_rng(seed)
    build_round(folder, JULY, drawn(random, 400), checks=CHECKS)
    build_round(folder, AUGUST, drawn(random, 400), checks=CHECKS)
    return folder


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_counts_as_the_questions_on_units_do(tmp_path: Path, seed: int) -> None:
    folder = survey(tmp_path, seed)
    found = site_cohorts(folder, (JULY, AUGUST))
    with two_rounds(folder, (JULY, AUGUST), None) as (connection, _):
        states = {
            (check, then, now): n
            for unit, _, _, check, then, now, n, _ in ask_question(connection, "cohort_beside")
            if unit == "site"
        }
        fates = {(check, fate): n for check, fate, n in connection.execute(FATES).fetchall()}
    counted: Counter[tuple[str, str, str]] = Counter()
    ended: Counter[tuple[str, str]] = Counter()
    for seen, n in found.items():
        counted[seen.check, seen.verdict_then, seen.state_now] += n
        if seen.verdict_then == "shown":
            ended[seen.check, seen.fate] += n
    assert counted == states
    assert ended == fates
    assert min(found.values()) > 0
    assert len(states) > 40


def test_a_check_that_changed_between_the_rounds_is_left_out(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    seen = [Seen("a.test", "127.0.0.1", IIS, {IDA: "shown"})]
    build_round(folder, JULY, seen)
    build_round(folder, AUGUST, seen, checks=(check_info(version="b" * 16),))
    assert site_cohorts(folder, (JULY, AUGUST)) == Counter()
