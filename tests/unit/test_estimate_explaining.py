"""Why a share moved between two rounds: each trap by its name, and refusals where nothing can be concluded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ebbtide.estimate.explaining import CANNOT_CONCLUDE, Explanation, explain, explain_each
from ebbtide.model.errors import EstimateError
from ebbtide.model.rows import SoftwareRow, VerdictRow
from ebbtide.model.verdicts import JudgementManifest
from ebbtide.publish.explanation import explanation_words, waterfall
from ebbtide.rounds.tables import write_shard
from estimate_rounds import AUGUST, IDA, IIS, JULY, Seen, addresses, build_round, check_info, survey_at

HOSTS = 200
WHERE = addresses(HOSTS)
OPEN, SHUT = {IDA: "shown"}, dict[str, str]()


def world(number: int, state: Callable[[int], tuple[str, dict[str, str]]], *, shared: bool = False) -> list[Seen]:
    """So many servers; of each a state: what it says, and its verdicts."""
    made = []
    for place in range(number):
        says, verdicts = state(place)
        made.append(Seen(f"h{place}.example", WHERE[0 if shared and place >= HOSTS // 2 else place], says, verdicts))
    return made


def third(place: int) -> tuple[str, dict[str, str]]:
    return IIS, OPEN if place % 3 == 0 else SHUT


def mended(place: int) -> tuple[str, dict[str, str]]:
    return IIS, OPEN if place % 15 == 0 else SHUT


def ended(says: str, verdict: str = "") -> Callable[[int], tuple[str, dict[str, str]]]:
    """Half of those that showed it end so, or cannot be judged for that reason."""
    return lambda place: (says, {IDA: verdict} if verdict else SHUT) if place % 6 == 0 else third(place)


def explained(path: Path, then: list[Seen], now: list[Seen], unit: str = "site") -> Explanation:
    folder = survey_at(path)
    build_round(folder, JULY, then)
    build_round(folder, AUGUST, now)
    return explain(folder, IDA, unit=unit)


TRAPS = {
    "behaviour": (world(HOSTS, third), world(HOSTS, mended)),
    "frame_added": (
        world(HOSTS // 2, third),
        world(HOSTS, lambda place: (IIS, OPEN) if place >= 100 else third(place)),
    ),
    "frame_removed": (world(HOSTS, lambda place: (IIS, OPEN) if place >= 100 else third(place)), world(100, third)),
    "answered_again": (world(HOSTS, ended("silent")), world(HOSTS, third)),
    "lost_silent": (world(HOSTS, third), world(HOSTS, ended("silent"))),
    "lost_refused": (world(HOSTS, third), world(HOSTS, ended("refused"))),
    "lost_blocked": (world(HOSTS, third), world(HOSTS, ended("reset"))),
    "lost_otherwise": (world(HOSTS, third), world(HOSTS, ended("no_name"))),
    "other_software": (world(HOSTS, third), world(HOSTS, ended("apache"))),
    "telling": (world(HOSTS, third), world(HOSTS, ended("unknown"))),
    "plan": (world(HOSTS, third), world(HOSTS, ended(IIS, "not_asked/budget"))),
    "nothing": (world(HOSTS, third), world(HOSTS, third)),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_is_called_by_its_name_and_never_behaviour(tmp_path: Path, trap: str) -> None:
    found = explained(tmp_path, *TRAPS[trap])
    assert found.verdict == trap
    assert not found.reasons
    acting = {each.cause for each in found.causes if each.units}
    assert acting == ({trap} - {"nothing"})
    assert sum(each.points for each in found.causes) == pytest.approx(100 * (found.share_now - found.share_then))


def moved(number: int, state: Callable[[int], tuple[str, dict[str, str]]]) -> list[Seen]:
    """The same names, half of them at other addresses than in ``world``."""
    elsewhere = addresses(2 * HOSTS)[HOSTS:]
    seen = world(number, state)
    return [
        Seen(each.host, elsewhere[place] if place < number // 2 else each.address, each.says, each.verdicts)
        for place, each in enumerate(seen)
    ]


def test_addresses_whose_names_lie_elsewhere_have_not_left_the_list(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(HOSTS, third))
    build_round(folder, AUGUST, moved(HOSTS, third))
    by_site, by_address = (explain(folder, IDA, unit=unit) for unit in ("site", "address"))
    assert (by_site.verdict, by_address.verdict) == ("nothing", "nothing")
    acting = {each.cause: each.units for each in by_address.causes if each.units}
    assert acting == {"renumbered": HOSTS}
    assert not {each.cause for each in by_site.causes if each.units}


def test_who_mends_and_moves_is_mended_by_site_and_moved_by_address(tmp_path: Path) -> None:
    def half_mended(place: int) -> tuple[str, dict[str, str]]:
        return mended(place) if place < HOSTS // 2 else third(place)

    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(HOSTS, third))
    build_round(folder, AUGUST, moved(HOSTS, half_mended))
    assert explain(folder, IDA).verdict == "behaviour"
    by_address = explain(folder, IDA, unit="address")
    assert by_address.verdict == "renumbered"
    assert "count them by site" in explanation_words(by_address, {})


def test_an_address_that_leaves_with_all_its_names_has_left_the_list(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(HOSTS, third))
    build_round(folder, AUGUST, moved(HOSTS, third)[: HOSTS - 20])
    acting = {each.cause: each.units for each in explain(folder, IDA, unit="address").causes if each.units}
    assert acting == {"renumbered": HOSTS, "frame_removed": 20}


def test_several_subjects_are_explained_as_each_is_alone(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(HOSTS, third))
    build_round(folder, AUGUST, world(HOSTS, mended))
    subjects = (IDA, f"family:{IIS}")
    alone = [explain(folder, subject, unit=unit) for subject in subjects for unit in ("site", "address")]
    assert list(explain_each(folder, subjects)) == alone


def test_several_causes_of_one_size_are_several(tmp_path: Path) -> None:
    def now(place: int) -> tuple[str, dict[str, str]]:
        if place % 3:
            return IIS, SHUT
        return [("silent", SHUT), ("refused", SHUT), (IIS, SHUT), (IIS, OPEN)][place // 3 % 4]

    found = explained(tmp_path, world(HOSTS, third), world(HOSTS, now))
    assert found.verdict == "several"
    assert {each.cause for each in found.causes if each.units} == {"behaviour", "lost_silent", "lost_refused"}


def test_a_change_that_may_be_chance_is_none(tmp_path: Path) -> None:
    found = explained(tmp_path, world(HOSTS, third), world(HOSTS, lambda place: third(place + (place == 0))))
    assert (found.mended, found.opened, found.verdict) == (1, 0, "nothing")


def test_another_version_of_the_check_is_a_refusal(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(HOSTS, third))
    build_round(folder, AUGUST, world(HOSTS, mended), checks=(check_info(version="b" * 16),))
    found = explain(folder, IDA)
    assert found.verdict == CANNOT_CONCLUDE
    assert "different versions" in found.reasons[0]
    assert "Cannot conclude: the two rounds" in explanation_words(found, {})


def test_too_few_servers_are_a_refusal(tmp_path: Path) -> None:
    found = explained(tmp_path, world(9, third), world(9, mended))
    assert (found.verdict, found.kept) == (CANNOT_CONCLUDE, 9)


def test_units_that_disagree_are_a_refusal(tmp_path: Path) -> None:
    def opened(place: int) -> tuple[str, dict[str, str]]:
        return (IIS, OPEN) if place < 60 or place >= 100 else (IIS, SHUT)

    def shut(place: int) -> tuple[str, dict[str, str]]:
        return (IIS, OPEN) if place < 100 else (IIS, SHUT)

    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(HOSTS, opened, shared=True))
    build_round(folder, AUGUST, world(HOSTS, shut, shared=True))
    for unit in ("site", "address"):
        found = explain(folder, IDA, unit=unit)
        assert found.verdict == CANNOT_CONCLUDE
        assert "units disagree" in found.reasons[0]


def test_a_better_check_is_told_from_the_servers(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(HOSTS, mended))
    july = folder.round(JULY)
    manifest = JudgementManifest("11ff00ff00ff00ff", "1", ("iis-2001",), (check_info(),))
    files = []
    below = f"judgements/{manifest.id}"
    for shard in range(folder.shards):
        targets = list(july.targets(shard))
        software = [
            SoftwareRow(each.target_id, each.site_id, IIS, "server", "", "", "", "", "t", "server", is_family=True)
            for each in targets
        ]
        verdicts = [
            VerdictRow(each.target_id, each.site_id, IDA, "shown", "", 0, "body", "", "")
            for each in targets
            if int(each.host[1:].partition(".")[0]) % 3 == 0
        ]
        for table, rows in (("software", software), ("verdicts", verdicts)):
            if rows:
                files.append(write_shard(july.path, table, shard, rows, below=below))
    july.add_judgement(manifest, files)
    build_round(folder, AUGUST, world(HOSTS, third))
    assert explain(folder, IDA).verdict == "nothing"
    first = explain(folder, IDA, as_first_judged=True)
    assert first.verdict == "reclassified"
    assert first.share_then == pytest.approx(14 / 200)
    assert "The check changed, not the servers" in explanation_words(first, {})


def test_the_share_of_a_family_is_explained_too(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(HOSTS, lambda place: (IIS if place % 2 else "apache", SHUT)))
    build_round(folder, AUGUST, world(HOSTS, lambda place: (IIS if place % 4 == 1 else "apache", SHUT)))
    found = explain(folder, f"family:{IIS}")
    assert (found.share_then, found.share_now, found.verdict) == (0.5, 0.25, "behaviour")
    assert "the share of Microsoft-IIS among sites fell from 50.0 % to 25.0 %" in explanation_words(found, {})
    with pytest.raises(EstimateError, match=r"family 'zeus'.*apache"):
        explain(folder, "family:zeus")


def test_the_waterfall_leads_from_one_share_to_the_other(tmp_path: Path) -> None:
    found = explained(tmp_path, *TRAPS["lost_silent"])
    first, silent, last = waterfall(found)
    assert (first.units, last.units, silent.units) == (None, None, 34)
    assert silent.high == pytest.approx(first.high)
    assert silent.low == pytest.approx(last.high)
    assert first.high + silent.points == pytest.approx(last.high)


@pytest.mark.parametrize(
    ("labels", "subject", "unit", "sentence"),
    [
        ((JULY, "none"), IDA, "site", "round none is not judged"),
        ((AUGUST, JULY), IDA, "site", "is not before"),
        (None, "odd", "site", "was not judged by a check 'odd'"),
        (None, IDA, "galaxy", "no unit of count 'galaxy'"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    tmp_path: Path, labels: tuple[str, str] | None, subject: str, unit: str, sentence: str
) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(20, third))
    build_round(folder, AUGUST, world(20, third))
    with pytest.raises(EstimateError, match=sentence):
        explain(folder, subject, labels=labels, unit=unit)


def test_one_round_alone_explains_nothing(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    build_round(folder, JULY, world(20, third))
    with pytest.raises(EstimateError, match="two judged rounds"):
        explain(folder, IDA)
