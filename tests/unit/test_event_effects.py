"""Events and arms: what made servers be mended, told beside a control, or refused in a sentence."""

import contextlib
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import ebbtide
from ebbtide.conduct.experiments import arms_text, demand_experiment, draw_arms, read_arms
from ebbtide.estimate.arms import compare_arms, showing_sites
from ebbtide.estimate.event_effects import EventEffect, effect_of_event
from ebbtide.estimate.shares import newcombe_difference, share_interval
from ebbtide.model.configuration import EventKind, EventSection, ExperimentSection
from ebbtide.model.errors import ConductError, EstimateError
from ebbtide.rounds.folder import SurveyFolder
from estimate_rounds import IIS, Seen, addresses, build_round, check_info, survey_at

APACHE = "apache"
HOLE = "server-path"
LABELS = ("2001-01", "2001-02", "2001-03", "2001-04", "2001-05", "2001-06", "2001-07", "2001-08")
CHECK = check_info(HOLE, "c" * 16, families=())
SITES = 300
EVENT = EventSection("the-worm", "2001-05-20", EventKind.WORM, (HOLE,), (IIS,), APACHE)

Hazard = Callable[[int, bool], float]


def worm(period: int, is_touched: bool) -> float:  # noqa: FBT001  as the hazard is asked
    return 0.45 if is_touched and period >= 4 else 0.10


def nothing(_period: int, _is_touched: bool) -> float:  # noqa: FBT001  as the hazard is asked
    return 0.12


def drift(period: int, is_touched: bool) -> float:  # noqa: FBT001  as the hazard is asked
    return 0.05 + 0.10 * period if is_touched else 0.10


def make_rounds(path: Path, hazard: Hazard, *, leave: float = 0.0, checks: Mapping[int, str] = {}) -> SurveyFolder:
    """Two families of equal size, each site on an address of its own, mended for good with a hazard a period."""
    folder = survey_at(path)
    (folder.path / "survey.toml").write_text(
        "[checks]\npacks = ['iis-2001']\n[[event]]\nid = 'the-worm'\ndate = '2001-05-20'\nkind = 'worm'\n"
        f"checks = ['{HOLE}']\nfamilies = ['{IIS}']\ncontrol = '{APACHE}'\n"
    )
    chance = random.Random(2001)  # noqa: S311  a simulation
    places = addresses(2 * SITES)
    open_now = dict.fromkeys(range(2 * SITES), True)
    gone: set[int] = set()
    for number, label in enumerate(LABELS):
        seen = []
        for site in range(2 * SITES):
            is_touched = site < SITES
            if number:
                open_now[site] = open_now[site] and chance.random() >= hazard(number - 1, is_touched)
                if number > 4 and is_touched and chance.random() < leave:
                    gone.add(site)
            says = "refused" if site in gone else f"{IIS if is_touched else APACHE}/1.0"
            verdicts = {HOLE: "shown"} if open_now[site] and site not in gone else {}
            seen.append(Seen(f"s{site}.example", places[site], says, verdicts))
        version = checks.get(number, CHECK.version)
        build_round(folder, label, seen, (msgspec.structs.replace(CHECK, version=version),), f"{label}-15")
    return folder


@pytest.fixture(scope="module")
def mended_by_a_worm(tmp_path_factory: pytest.TempPathFactory) -> SurveyFolder:
    return make_rounds(tmp_path_factory.mktemp("worm"), worm)


def effect(folder: SurveyFolder, event: EventSection = EVENT, *others: EventSection) -> EventEffect:
    return effect_of_event(folder, event, HOLE, (event, *others))


def test_a_worm_that_had_them_mended_is_told_beside_the_control(mended_by_a_worm: SurveyFolder) -> None:
    told = effect(mended_by_a_worm)
    assert (told.verdict, told.reasons) == ("faster", ())
    assert told.effect is not None
    assert told.effect.interval.low < 5.67 < told.effect.interval.high  # log(0.55) over log(0.9)
    assert [each.side for each in told.stretches] == [*["before"] * 4, "during", "after", "after"]
    assert told.stretches[0].touched_at_risk == pytest.approx(SITES)


def test_where_nothing_happened_no_effect_is_seen(tmp_path: Path) -> None:
    assert effect(make_rounds(tmp_path, nothing)).verdict == "no effect seen"


def test_a_family_that_sped_up_long_before_is_no_effect(tmp_path: Path) -> None:
    told = effect(make_rounds(tmp_path, drift))
    assert told.verdict == "cannot conclude"
    assert "an event that did not happen" in told.reasons[0]


def test_a_base_that_moved_more_than_the_effect_concludes_nothing(tmp_path: Path) -> None:
    told = effect(make_rounds(tmp_path, nothing, leave=0.3))
    assert told.verdict == "cannot conclude"
    assert any("the base moved" in each for each in told.reasons)


def test_a_patch_and_a_worm_between_the_same_two_rounds_are_not_told_apart(mended_by_a_worm: SurveyFolder) -> None:
    patch = msgspec.structs.replace(EVENT, id="the-patch", date="2001-06-01")
    told = effect(mended_by_a_worm, EVENT, patch)
    assert told.verdict == "cannot conclude"
    assert "another event fell into the same interval" in told.reasons[0]
    elsewhere = msgspec.structs.replace(patch, families=("nginx",))
    assert effect(mended_by_a_worm, EVENT, elsewhere).verdict == "faster"


def test_without_a_control_it_is_one_series_and_never_causal(mended_by_a_worm: SurveyFolder) -> None:
    told = effect(mended_by_a_worm, msgspec.structs.replace(EVENT, control="", date="2001-05-15"))
    assert (told.verdict, told.effect) == ("not causal", None)
    assert told.segments is not None
    assert "without a control nobody can say" in told.segments.sentence
    late = effect(mended_by_a_worm, msgspec.structs.replace(EVENT, control="", date="2001-07-20"))
    assert late.verdict == "cannot conclude"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"date": "2001-08-15"}, "after the last judged round, 2001-08"),
        ({"date": "2001-01-15"}, "before the first judged round, 2001-01"),
        ({"control": "nginx"}, "only 0 units of the control family nginx"),
        ({"families": ("lighttpd",)}, "only 0 units of the families that it touched"),
        ({"date": "2001-07-20"}, "no whole interval between two rounds lies after"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    mended_by_a_worm: SurveyFolder, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(EstimateError, match=sentence):
        effect(mended_by_a_worm, msgspec.structs.replace(EVENT, **changes))


def test_rounds_of_different_versions_and_unknown_checks_are_refused(tmp_path: Path) -> None:
    folder = make_rounds(tmp_path, nothing, checks={3: "d" * 16})
    with pytest.raises(EstimateError, match="different versions of server-path"):
        effect(folder)
    with pytest.raises(EstimateError, match="was not judged by a check 'nobody'"):
        effect_of_event(folder, EVENT, "nobody", ())


def test_the_command_prints_a_sentence_and_a_mistake_is_one(mended_by_a_worm: SurveyFolder, tmp_path: Path) -> None:
    words = ("--survey", mended_by_a_worm.path)
    told = ebbtide("effect", "the-worm", *words)
    assert told.returncode == 0, told.stderr
    assert "was mended faster than before, beside Apache" in told.stdout
    assert ebbtide("effect", "the-worm", *words, "--json").document()["verdict"] == "faster"
    unknown = ebbtide("effect", "the-flood", *words)
    assert (unknown.returncode, "there is no event 'the-flood'. There are: the-worm." in unknown.stderr) == (2, True)
    copy = Path(shutil.copytree(mended_by_a_worm.path, tmp_path / "copy"))
    config = copy / "survey.toml"
    config.write_text(config.read_text().replace(f"checks = ['{HOLE}']\n", ""))
    assert "names no check" in ebbtide("effect", "the-worm", "--survey", copy).stderr
    config.write_text(config.read_text().replace("kind = 'worm'", "kind = 'flood'"))
    assert "event" in ebbtide("effect", "the-worm", "--survey", copy).stderr


# Arms.


@pytest.fixture(scope="module")
def told_or_not(tmp_path_factory: pytest.TempPathFactory) -> SurveyFolder:
    """Of 60 sites that were tested 45 were mended and 5 vanished; of 60 that were not, 15 and 15."""
    folder = survey_at(tmp_path_factory.mktemp("arms"))
    (folder.path / "survey.toml").write_text("[checks]\npacks = ['iis-2001']\n")
    places = addresses(120)
    shown = [Seen(f"s{site}.example", places[site], f"{IIS}/5.0", {HOLE: "shown"}) for site in range(120)]
    build_round(folder, LABELS[0], shown, (CHECK,), "2001-01-15")
    ends = ["mended"] * 45 + ["gone"] * 5 + ["open"] * 10 + ["mended"] * 15 + ["gone"] * 15 + ["open"] * 30
    later = [
        Seen(each.host, each.address, "refused" if end == "gone" else each.says, each.verdicts if end == "open" else {})
        for each, end in zip(shown, ends, strict=True)
    ]
    build_round(folder, LABELS[1], later, (CHECK,), "2001-02-15")
    return folder


ARMS = {f"s{site}.example": "tested" if site < 60 else "not tested" for site in range(120)}


def test_two_arms_by_hand(told_or_not: SurveyFolder) -> None:
    told = compare_arms(told_or_not, HOLE, ARMS, "tested", labels=LABELS[:2], is_randomised=False)
    assert (told.first.shown, told.first.mended, told.first.open, told.first.vanished) == (60, 45, 10, 5)
    assert (told.second.shown, told.second.mended, told.second.open, told.second.vanished) == (60, 15, 30, 15)
    assert told.difference == pytest.approx(45 / 55 - 15 / 45)
    assert told.interval.low == pytest.approx(0.29494, abs=0.0001)  # Wilson 0.6967 to 0.8981, and 0.2136 to 0.4794
    assert told.interval.high == pytest.approx(0.629, abs=0.001)
    assert (told.bound_low, told.bound_high) == pytest.approx((45 / 60 - 30 / 60, 50 / 60 - 15 / 60))
    assert told.ratio == pytest.approx(4.2044, abs=0.001)  # log(10/55) over log(30/45)
    assert told.first.families == ((IIS, 60),)


def test_sites_of_one_machine_are_one_answer(tmp_path: Path) -> None:
    folder = survey_at(tmp_path)
    (folder.path / "survey.toml").write_text("[checks]\npacks = ['iis-2001']\n")
    places = addresses(40)
    for number, label in enumerate(LABELS[:2]):
        seen = []
        for site in range(120):
            machine = site // 3
            is_open = not number or machine in range(15, 35)  # mended whole: 15 of the first 20, 5 of the others
            verdicts = {HOLE: "shown"} if is_open else {}
            seen.append(Seen(f"s{site}.example", places[machine], f"{IIS}/5.0", verdicts))
        build_round(folder, label, seen, (CHECK,), f"{label}-15")
    told = compare_arms(folder, HOLE, ARMS, "tested", labels=LABELS[:2], is_randomised=False)
    assert (told.first.mended, told.first.open, told.second.mended, told.second.open) == (45, 15, 15, 45)
    # p(1 - p) over the variance of 20 machines is 19, by (t(59) / t(19))² = (2.000995 / 2.093024)²: 17.36 sites.
    known = newcombe_difference(0.75, 17.3659, 0.25, 17.3659)
    assert (told.interval.low, told.interval.high) == pytest.approx((known.low, known.high), abs=1e-4)
    assert told.first.interval.low == pytest.approx(share_interval(0.75 * 17.3659, 17.3659).low, abs=1e-4)


@pytest.mark.parametrize(
    ("arms", "first", "sentence"),
    [
        (dict.fromkeys(ARMS, "one"), "", "has 1 arms"),
        ({**ARMS, "x.example": "third"}, "", "has 3 arms"),
        (ARMS, "letter", "there is no arm 'letter'"),
        ({f"s{site}.example": "a" if site < 5 else "b" for site in range(120)}, "", "only 5 sites of the arm a"),
    ],
)
def test_arms_that_cannot_be_compared_are_one_sentence(
    told_or_not: SurveyFolder, arms: dict[str, str], first: str, sentence: str
) -> None:
    with pytest.raises(EstimateError, match=sentence):
        compare_arms(told_or_not, HOLE, arms, first, labels=LABELS[:2], is_randomised=False)


GOOD = ExperimentSection("board 7/2026", "any sign of harm", 14)


@pytest.mark.parametrize(
    ("section", "severity", "sentence"),
    [
        (ExperimentSection(), "low", "needs review and stopping_rule and delay_days"),
        (msgspec.structs.replace(GOOD, review=" "), "low", "needs review"),
        (msgspec.structs.replace(GOOD, delay_days=0), "low", "needs delay_days"),
        (GOOD, "high", "never delayed"),
        (GOOD, "critical", "never delayed"),
    ],
)
def test_experiments_with_people_are_refused_outside_the_rules(
    section: ExperimentSection, severity: str, sentence: str
) -> None:
    demand_experiment(GOOD, HOLE, "medium")
    with pytest.raises(ConductError, match=sentence):
        demand_experiment(section, HOLE, severity)


def test_a_delay_of_more_than_fourteen_days_is_no_setting(told_or_not: SurveyFolder, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(told_or_not.path, tmp_path / "copy"))
    text = "[experiment]\nreview = 'x'\nstopping_rule = 'y'\ndelay_days = 15\n"
    (copy / "survey.toml").write_text(text)
    told = ebbtide("arms", "draw", HOLE, "--survey", copy)
    assert told.returncode == 2
    assert "experiment.delay_days" in told.stderr


def test_arms_are_drawn_by_owner_alike_in_size_and_never_otherwise(told_or_not: SurveyFolder) -> None:
    sites = showing_sites(told_or_not, HOLE, LABELS[0])
    assert len(sites) == 120
    owners = {site: number // 3 for number, site in enumerate(sorted(sites))}
    arms = draw_arms(b"key", owners)
    assert arms == draw_arms(b"key", dict(reversed(owners.items())))
    assert arms != draw_arms(b"another", owners)
    assert {owners[site] for site, arm in arms.items() if arm == "now"}.isdisjoint(
        owners[site] for site, arm in arms.items() if arm == "later"
    )
    assert sum(arm == "now" for arm in arms.values()) == 60


def test_the_commands_draw_compare_and_say_association_or_effect(told_or_not: SurveyFolder, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(told_or_not.path, tmp_path / "copy"))
    table = tmp_path / "arms.csv"
    table.write_text(arms_text(ARMS))
    words = ("arms", "compare", table, "--check", HOLE, "--survey", copy, "--first", "tested")
    told = ebbtide(*words)
    assert told.returncode == 0, told.stderr
    assert "This is an association" in told.stdout
    assert "effect" not in told.stdout
    refused = ebbtide(*words, "--randomised")
    assert (refused.returncode, "an experiment with people needs" in refused.stderr) == (2, True)
    (copy / "survey.toml").write_text(
        "[checks]\npacks = ['iis-2001']\n[experiment]\nreview = 'x'\nstopping_rule = 'y'\ndelay_days = 14\n"
    )
    assert "This is an effect" in ebbtide(*words, "--randomised").stdout
    drawn = ebbtide(
        "arms", "draw", HOLE, "--round", LABELS[0], "--survey", copy, "--out", tmp_path / "drawn.csv", "--json"
    )
    assert sum(drawn.document()["arms"].values()) == 120
    again = ebbtide("arms", "draw", HOLE, "--round", LABELS[0], "--survey", copy, "--out", tmp_path / "drawn.csv")
    assert (again.returncode, "arms are drawn once" in again.stderr) == (2, True)
    assert len(read_arms(tmp_path / "drawn.csv")) == 120


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: ("site,arm\n" + text).encode()))
def test_garbage_never_raises_anything_but_a_sentence(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "garbage.csv"
    path.write_bytes(octets)
    with contextlib.suppress(ConductError):
        assert all(read_arms(path).values())


def test_a_site_in_two_arms_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "arms.csv"
    path.write_text("arm,site\na,x.example\n\n# a remark\nb,X.example.\n")
    with pytest.raises(ConductError, match=r"line 5: x.example is in two arms, a and b"):
        read_arms(path)
