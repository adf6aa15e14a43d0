"""The packs that come with Ebbtide, and what a file of a check must hold."""

import contextlib
import functools
from pathlib import Path

import msgspec
import pytest

from ebbtide.judge.checks.packs import PACKS_FOLDER, load_pack, pack_ids
from ebbtide.judge.checks.records import AnyOf, Check
from ebbtide.judge.checks.sampling import judge_sample, run_samples
from ebbtide.judge.templates.records import WordMatcher
from ebbtide.model.errors import CheckError
from ebbtide.model.targets import Level
from ebbtide.model.verdicts import Shown

IIS_CHECKS = {
    "code-red-ida-reachable",
    "code-red-ida",
    "admin-pages",
    "server-path",
    "script-source",
    "backdoor-mark",
    "any-hole",
}

GOOD_CHECK = """
id: good
info: {name: Good}
http:
  - method: GET
    path: ["{{BaseURL}}/named"]
    matchers:
      - {type: word, words: ["mark"]}
ebbtide:
  level: active
  gate: [apache]
  severity: low
  words: It can be seen.
  remedy: Mend it.
  source: [somewhere]
  samples:
    match:
      - {about: one, responses: [{request: /named, body: mark}]}
      - {about: two, responses: [{request: /named, body: a mark}]}
    miss:
      - {about: three, responses: [{request: /named, body: none}]}
      - {about: four, responses: [{request: /named, body: mar k}]}
"""


def write_pack(folder: Path, text: str, name: str = "good") -> Path:
    pack = folder / "mine"
    pack.mkdir(exist_ok=True)
    (pack / "pack.toml").write_text('id = "mine"\nname = "Mine"\nlicence = "Apache-2.0"\nabout = "For a test."\n')
    (pack / f"{name}.yaml").write_text(text)
    return folder


@functools.cache
def checks_of(pack: str) -> tuple[Check, ...]:
    return load_pack(pack).checks


def all_packs() -> list[tuple[str, tuple[Check, ...]]]:
    """Those that can be read; the others fail one test, with a sentence."""
    found = []
    for pack in pack_ids():
        with contextlib.suppress(CheckError):
            found.append((pack, checks_of(pack)))
    return found


def matcher_cases() -> list[tuple[str, Check, int]]:
    return [
        (pack, check, place)
        for pack, checks in all_packs()
        for check in checks
        for block in check.blocks
        for place in range(len(block.matchers))
    ]


def path_cases() -> list[tuple[str, Check, str]]:
    return [
        (pack, check, ask.path)
        for pack, checks in all_packs()
        for check in checks
        for block in check.blocks
        for ask in (block.asks if len(block.asks) > 1 else ())
    ]


def part_cases() -> list[tuple[str, Check, str]]:
    return [(pack, check, part) for pack, checks in all_packs() for check in checks for part in check.parts]


def outcomes(checks: tuple[Check, ...], check: Check) -> list[bool]:
    return [isinstance(judge_sample(checks, check, sample), Shown) for sample in check.samples]


def exchanged(checks: tuple[Check, ...], changed: Check) -> tuple[Check, ...]:
    return tuple(changed if check.id == changed.id else check for check in checks)


@pytest.mark.parametrize("pack", pack_ids())
def test_every_pack_can_be_read(pack: str) -> None:
    try:
        checks = checks_of(pack)
    except CheckError as error:
        pytest.fail(str(error), pytrace=False)

    assert checks


@pytest.mark.parametrize("file", sorted(PACKS_FOLDER.glob("*/*.yaml")), ids=lambda file: file.stem)
def test_no_check_holds_a_text_that_its_author_had_to_write(file: Path) -> None:
    if "REPLACE" in file.read_text(encoding="utf-8"):
        pytest.fail(f"{file} still holds REPLACE: write what stands there over.", pytrace=False)


def test_the_pack_of_2001_holds_its_seven_checks() -> None:
    checks = load_pack("iis-2001").checks

    assert {check.id for check in checks} == IIS_CHECKS
    assert {check.families for check in checks} == {("microsoft-iis",)}
    assert {check.id for check in checks if check.level is Level.ACTIVE} == {"admin-pages"}


def test_the_pack_of_today_holds_the_classes_of_holes_that_can_be_seen() -> None:
    if "today" not in dict(all_packs()):
        pytest.skip("the pack cannot be read; another test says why")
    checks = {check.id: check for check in checks_of("today")}
    classes = ("listing-", "source-", "error-path-", "trace-", "debug-", "header-", "mark-", "backup-", "dev-server-")

    assert len(checks) >= 60
    for beginning in classes:
        assert len([identity for identity in checks if identity.startswith(beginning)]) >= 2, beginning
    assert {"git-folder", "apache-status", "tomcat-manager", "phpinfo", "phpmyadmin", "actuator"} <= set(checks)
    assert all(check.level is Level.PASSIVE for check in checks.values() if check.id.startswith(classes[:7]))


def test_no_two_packs_hold_a_check_of_the_same_name() -> None:
    names = [check.id for _, checks in all_packs() for check in checks]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(("pack", "checks"), all_packs(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_sample_gives_the_verdict_that_it_must(pack: str, checks: tuple[Check, ...]) -> None:
    wrong = [result for result in run_samples(checks) if not result.is_right]

    assert wrong == []


@pytest.mark.parametrize(
    ("pack", "check", "place"), matcher_cases(), ids=lambda value: value.id if isinstance(value, Check) else str(value)
)
def test_no_matcher_can_be_deleted_without_a_sample_changing_its_verdict(pack: str, check: Check, place: int) -> None:
    checks = checks_of(pack)
    (block,) = check.blocks
    kept = tuple(matcher for number, matcher in enumerate(block.matchers) if number != place)
    changed = msgspec.structs.replace(check, blocks=(msgspec.structs.replace(block, matchers=kept),))

    assert outcomes(exchanged(checks, changed), changed) != outcomes(checks, check)


@pytest.mark.parametrize(
    ("pack", "check", "path"), path_cases(), ids=lambda value: value.id if isinstance(value, Check) else str(value)
)
def test_no_path_can_be_deleted_without_a_sample_changing_its_verdict(pack: str, check: Check, path: str) -> None:
    checks = checks_of(pack)
    (block,) = check.blocks
    kept = tuple(each for each in block.asks if each.path != path)
    changed = msgspec.structs.replace(check, blocks=(msgspec.structs.replace(block, asks=kept),))

    assert outcomes(exchanged(checks, changed), changed) != outcomes(checks, check)


@pytest.mark.parametrize(
    ("pack", "check", "part"), part_cases(), ids=lambda value: value.id if isinstance(value, Check) else str(value)
)
def test_no_check_that_another_builds_on_can_be_left_out_of_it(pack: str, check: Check, part: str) -> None:
    checks = checks_of(pack)
    decision = check.decision
    kept = tuple(each for each in check.parts if each != part)
    changed = msgspec.structs.replace(check, decision=msgspec.structs.replace(decision, checks=kept))

    assert outcomes(exchanged(checks, changed), changed) != outcomes(checks, check)


def test_versions_are_distinct_and_do_not_depend_on_wording(tmp_path: Path) -> None:
    packs = write_pack(tmp_path, GOOD_CHECK)
    first = load_pack("mine", folder=packs).checks[0].version
    write_pack(tmp_path, GOOD_CHECK.replace("Mend it.", "Repair it.").replace("mar k", "another"))
    same = load_pack("mine", folder=packs).checks[0].version
    write_pack(tmp_path, GOOD_CHECK.replace('words: ["mark"]', 'words: ["mark", "sign"]'))
    changed = load_pack("mine", folder=packs).checks[0].version

    assert first == same
    assert first != changed
    assert len({check.version for check in load_pack("iis-2001").checks}) == len(IIS_CHECKS)


def test_a_parameter_of_the_operator_changes_what_decides_and_the_version() -> None:
    default = {check.id: check for check in load_pack("iis-2001").checks}
    told = {check.id: check for check in load_pack("iis-2001", {"code-red-ida": {"patch_mark": "fixed"}}).checks}

    matcher = told["code-red-ida"].blocks[0].matchers[0]
    assert isinstance(matcher, WordMatcher)
    assert matcher.words == (b"fixed",)
    assert told["code-red-ida"].version != default["code-red-ida"].version
    assert told["admin-pages"].version == default["admin-pages"].version


@pytest.mark.parametrize(
    ("wrong", "right", "sentence"),
    [
        ("  level: active", "  level: passive", "must be active, since the check asks for a named path"),
        ("      - {about: four, responses: [{request: /named, body: mar k}]}\n", "", "at least 2 samples"),
        ("      - {about: one, responses: [{request: /named, body: mark}]}\n", "", "at least 2 samples"),
        ("  source: [somewhere]", "  source: []", "must cite at least one source"),
        ("  remedy: Mend it.", "", "remedy is missing"),
        ("  severity: low", "  severity: terrible", "must be one of info, low"),
        ("  gate: [apache]", "  gates: [apache]", "is unknown"),
        ("info: {name: Good}", "info: {name: Good, severity: high}", "must be that of ebbtide.severity"),
        ("method: GET", "method: POST", "cannot be run: non-get"),
        ("id: good", "id: other", "must be the name of the file"),
        ("  severity: low", "  severity: low\n  decide: {any_of: [good]}", "must be left out"),
        ("  severity: low", "  severity: low\n  decide: {all_of: [nobody]}", "builds on nobody, which is not there"),
        ("  severity: low", "  severity: low\n  decide: {all_of: [good]}", "build on each other"),
        ("  severity: low", "  severity: low\n  decide: perhaps", "must be template"),
    ],
)
def test_a_wrong_check_is_refused_with_its_place(tmp_path: Path, wrong: str, right: str, sentence: str) -> None:
    assert wrong in GOOD_CHECK
    packs = write_pack(tmp_path, GOOD_CHECK.replace(wrong, right))

    with pytest.raises(CheckError, match=sentence) as caught:
        load_pack("mine", folder=packs)
    assert "mine" in caught.value.where


def test_a_check_without_samples_is_refused(tmp_path: Path) -> None:
    packs = write_pack(tmp_path, GOOD_CHECK.partition("  samples:")[0])

    with pytest.raises(CheckError, match="samples is missing"):
        load_pack("mine", folder=packs)


def test_an_unknown_pack_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(CheckError, match="iis-2001") as caught:
        load_pack("../iis-2001")
    assert caught.value.where == "checks.packs"


def test_any_of_checks_have_no_requests_of_their_own() -> None:
    assert [check.id for check in load_pack("iis-2001").checks if isinstance(check.decision, AnyOf)] == ["any-hole"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('id = "mine"\n', "missing required field"),
        ('id = "other"\nname = "M"\nlicence = "L"\nabout = "A"\n', "id must be the name of the folder"),
        ("id = ", "cannot be read"),
    ],
)
def test_a_wrong_pack_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    packs = write_pack(tmp_path, GOOD_CHECK)
    (packs / "mine" / "pack.toml").write_text(text)

    with pytest.raises(CheckError, match=sentence):
        load_pack("mine", folder=packs)
