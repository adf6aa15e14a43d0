"""What docs/checks.md shows and names is what the judge does."""

import re
from pathlib import Path

from ebbtide.judge.checks.reading import SEVERITIES, read_check
from ebbtide.judge.checks.sampling import run_samples
from ebbtide.judge.templates import refusals
from ebbtide.judge.templates.parts import BODY_PARTS, HEADER_NAMES
from ebbtide.judge.templates.placeholders import TARGET_NAMES
from ebbtide.judge.templates.records import Refusals
from ebbtide.judge.templates.tree_reading import TableReader
from ebbtide.judge.templates.yaml_tree import read_yaml
from ebbtide.model.verdicts import CannotTellReason, NotAskedReason

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")


def test_the_check_in_the_page_is_a_good_check() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    check = read_check(TableReader(read_yaml(example.encode(), "docs"), "docs"), "docs", {})

    assert [result for result in run_samples([check]) if not result.is_right] == []
    assert len(check.samples) == 4


def test_every_reason_of_refusal_is_explained() -> None:
    source = Path(refusals.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r'yield "([a-z-]+)"', source)) | set(re.findall(r'"(tag-[a-z]+)"', source))
    told = set(re.findall(r"``([a-z-]+)``", Refusals.__doc__ or ""))

    assert len(named) >= 9
    assert named <= told
    for reason in told:
        assert f"`{reason}`" in PAGE, reason


def test_every_part_placeholder_and_severity_is_named() -> None:
    for part in (BODY_PARTS | HEADER_NAMES | {"status_code"}) - {"all_headers", "content_length"}:
        assert f"`{part}`" in PAGE, part
    for name in TARGET_NAMES:
        assert f"{{{{{name}}}}}" in PAGE, name
    for severity in SEVERITIES:
        assert severity in PAGE


def test_every_verdict_of_the_order_of_decision_is_named() -> None:
    told = {
        CannotTellReason.MASKED, CannotTellReason.ANSWERS_EVERYTHING, CannotTellReason.TRUNCATED,
        CannotTellReason.SUSPECTED_HONEYPOT,
    } | {
        NotAskedReason.UNREACHABLE, NotAskedReason.GATE_CLOSED, NotAskedReason.LEVEL, NotAskedReason.BUDGET,
        NotAskedReason.ROBOTS,
    }  # fmt: skip

    for reason in told:
        assert f"({str(reason).replace('_', ' ')}" in PAGE, reason
