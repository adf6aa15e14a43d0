"""Two rounds side by side, worked by hand: who went where, what was mended together, and their sentences."""

from pathlib import Path

import pytest

from ebbtide.estimate.compute import compute_facts
from ebbtide.estimate.two_rounds import Flow, flows, judged_pair, mended_together
from ebbtide.model.errors import EstimateError
from ebbtide.publish.two_rounds_words import cohort_words, flow_words, together_words
from ebbtide.rounds.folder import SurveyFolder
from estimate_rounds import AUGUST, IDA, IIS, JULY, Seen, addresses, build_round, check_info, survey_at

OTHER = "other-hole"
CHECKS = (check_info(), check_info(OTHER, "c" * 16, ()))
WHERE = addresses(40)


def shown(*checks: str) -> dict[str, str]:
    return dict.fromkeys(checks, "shown")


def survey(path: Path) -> SurveyFolder:
    """Ten servers that showed both holes, and ten Apaches: then a month passed."""
    folder = survey_at(path)
    then = [Seen(f"i{place}.example", WHERE[place], IIS, shown(IDA, OTHER)) for place in range(10)]
    then += [Seen(f"a{place}.example", WHERE[10 + place], "apache", {}) for place in range(10)]
    left = [(), (), (), (), (OTHER,), (IDA,), (IDA, OTHER), (IDA, OTHER)]
    now = [Seen(f"i{place}.example", WHERE[place], IIS, shown(*each)) for place, each in enumerate(left)]
    now += [Seen("i8.example", WHERE[8], "apache", {}), Seen("i9.example", WHERE[9], "silent")]
    now += [
        Seen(f"a{place}.example", WHERE[10 + place], "apache" if place < 8 else "unknown", {}) for place in range(9)
    ]
    build_round(folder, JULY, then, checks=CHECKS)
    build_round(folder, AUGUST, now, checks=CHECKS)
    return folder


def test_every_server_went_somewhere(tmp_path: Path) -> None:
    found = flows(survey(tmp_path), labels=(JULY, AUGUST))
    assert found == (
        Flow("apache", "family:apache", 8, 8.0, 0.8),
        Flow("apache", "masked", 1, 1.0, 0.1),
        Flow("apache", "not_planned", 1, 1.0, 0.1),
        Flow(IIS, f"family:{IIS}", 8, 8.0, 0.8),
        Flow(IIS, "family:apache", 1, 1.0, 0.1),
        Flow(IIS, "silent", 1, 1.0, 0.1),
    )
    words = flow_words([each for each in found if each.family == IIS], (JULY, AUGUST), "site")
    assert words == (
        "From July 2001 to August 2001, the largest stream was of 1 sites of Microsoft-IIS (10.0 % of them): Apache."
    )
    assert "no addresses left" in flow_words(found[:1], (JULY, AUGUST), "address")


def test_holes_mended_together_by_hand(tmp_path: Path) -> None:
    (pair,) = mended_together(survey(tmp_path), labels=(JULY, AUGUST))
    assert (pair.first, pair.second) == (IDA, OTHER)
    assert (pair.both, pair.first_alone, pair.second_alone, pair.neither) == (4, 1, 1, 2)
    assert (pair.given_mended, pair.given_open) == (0.8, pytest.approx(1 / 3))
    assert pair.mended_interval is not None
    assert pair.mended_interval.low < 0.8 < pair.mended_interval.high
    assert pair.difference == pytest.approx(0.8 - 1 / 3)
    assert pair.interval is not None
    assert pair.interval.low < 0 < pair.difference < pair.interval.high
    assert "80.0 % mended “other-hole” too; of those that left it open, 33.3 % did." in together_words([pair], {})
    assert "No two holes" in together_words([], {})


def test_the_sentence_on_the_same_servers_keeps_the_readings_apart(tmp_path: Path) -> None:
    facts = compute_facts(survey(tmp_path), labels=(JULY, AUGUST))
    same = [each for each in facts if (each.metric, each.check, each.unit) == ("same_servers", IDA, "site")]
    words = cohort_words(same, {IDA: "A hole"})
    assert (
        "showed “A hole” in July 2001 and could be judged again, 37.5 % still showed it in August 2001 (3 of 8)"
        in words
    )
    assert "2 that showed it then could not be judged again" in words


def test_the_pair_is_named_or_the_last_one(tmp_path: Path) -> None:
    folder = survey(tmp_path)
    assert judged_pair(folder, None) == (JULY, AUGUST)
    for labels, sentence in (((AUGUST, JULY), "is not before"), ((JULY, "odd"), "round odd is not judged")):
        with pytest.raises(EstimateError, match=sentence):
            judged_pair(folder, labels)
    with pytest.raises(EstimateError, match="no unit of count"):
        flows(folder, labels=(JULY, AUGUST), unit="planet")
    with pytest.raises(EstimateError, match="no unit of count"):
        mended_together(folder, labels=(JULY, AUGUST), unit="planet")
