"""The lab's truth and the judge's verdicts agree, server by server, without a network in between."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from ebbtide.judge.engine import Engine, load_engine
from ebbtide.lab.marks import CAP_BYTES
from ebbtide.lab.personas import Persona
from ebbtide.lab.scenario import builtin, load_scenario
from ebbtide.lab.truth import truth_rows
from ebbtide.lab.verify import compare
from ebbtide.lab.world import World, build_world
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Request, Transcript

WINTER = Path(__file__).parents[1] / "scenarios" / "winter-2003.yaml"
PLAN = PlanSection(level=Level.ACTIVE, absent_extension="ida")
TIDE_CHECKS = "iis-2001"


def exchange(persona: Persona, target: Target, request: Request, ordinal: int) -> Exchange:
    page, body = persona.reply(target.host.encode(), request.path.encode())
    fields = [line.split(b":", 1) for line in page.head.split(b"\r\n")[1:-1]]
    return Exchange(
        target_id=target.target_id,
        site_id=target.site_id,
        ordinal=ordinal,
        attempt=1,
        request=request,
        asked_at_ns=0,
        outcome=Answered(),
        status=page.status,
        http_version="1.1",
        fields=tuple((name, value.strip()) for name, value in fields),
        body=body[:CAP_BYTES],
        body_bytes=len(body),
        is_truncated=len(body) > CAP_BYTES,
        address=target.address,
    )


def transcript(engine: Engine, persona: Persona, host: str) -> Transcript:
    target = Target(host.encode()[:16].ljust(16), 1, host, persona.machine.address, 8001, Scheme.HTTP)
    plan = engine.plan(b"0123456789abcdef")
    seen: list[Exchange] = []
    while requests := plan.next_requests(target, seen, Level.ACTIVE):
        for request in requests:
            seen.append(exchange(persona, target, request, len(seen)))
    return Transcript(target, 1, Answered(), tuple(seen), address=target.address)


def observed(world: World, month: str) -> Iterator[dict[str, Any]]:
    parameters = {check: told for check, told in world.parameters().items() if check == "code-red-ida"}
    engine = load_engine(ChecksSection(packs=(TIDE_CHECKS,), parameters=parameters), PLAN, Path())
    for persona in world.personas(month):
        if persona.state.presence != "answered":
            continue
        for host in persona.machine.names:
            assessment = engine.assess(transcript(engine, persona, host))
            checks = {
                each.check: {
                    "verdict": msgspec.to_builtins(each.verdict)["kind"],
                    "reason": str(getattr(each.verdict, "reason", "")),
                }
                for each in assessment.verdicts
            }
            yield {
                "month": month,
                "host": host,
                "address": persona.machine.address,
                "presence": "answered",
                "family": assessment.family,
                "checks": checks,
            }


@pytest.mark.parametrize(
    ("file", "scale", "month"),
    [(builtin("code-red-2001"), 0.05, "2001-06"), (builtin("code-red-2001"), 0.05, "2001-09"), (WINTER, 1, "2003-02")],
)
def test_the_judge_sees_what_the_truth_says_can_be_seen(file: Path, scale: float, month: str) -> None:
    world = build_world(load_scenario(file), 21, scale)
    truth = [row for row in truth_rows(world, month) if row["presence"] == "answered"]
    comparison = compare(truth, observed(world, month))
    assert comparison.mismatches == ()
    assert comparison.rows > 200


BEHIND = "x" * CAP_BYTES
MARKED = "IDQ {file} {patch_mark}"
SHORT = "IDQ {file} C:\\one\\two {patch_mark}"
TITLE = "<title id=t>\nIIS Internet Services Manager (HTMLA) </title>"
CHANGES = {
    "a mark with placeholders": ("{{absent}} {{patch_mark}} {host}", {}),
    "a mark of signs": ("\"'(.*)[a-z]+\\d{2}$^|?<&>\t\n", {}),
    "replies cut before the mark": ("mark", {"idq-no": "IDQ {file} " + BEHIND + "{patch_mark}"}),
    "replies cut behind the mark": ("mark", {"idq-es": MARKED + BEHIND, "idq-ru": BEHIND + MARKED}),
    "replies as long as the cap": ("mark", {"borta": BEHIND, "idq-no": SHORT + BEHIND[: CAP_BYTES // 2]}),
    "tags behind the cut": ("mark", {"hem": BEHIND + "<% x %>", "kilde": "<% x %>" + BEHIND}),
    "a template that the cut leaves open": ("mark", {"hem": "<script type='text/x-tmpl'><%= a %>" + BEHIND}),
    "a title with attributes": ("mark", {"adm": TITLE, "borta": TITLE}),
    "a second title": ("mark", {"adm": "<title>Pages</title>" + TITLE}),
    "holes that their texts do not show": (
        "mark",
        {"adm": "closed", "kilde": "none", "orm": "none", "idq-no": "{file}{patch_mark}"},
    ),
    "texts that show what is not there": ("mark", {"borta": SHORT, "hem": "<% x %> window.open('readme.eml')"}),
    "zero bytes and nothing": ("mark", {"hem": "", "borta": "\0I\0D\0Q\0 {name}", "adm": ""}),
}


@pytest.mark.parametrize("about", CHANGES)
def test_the_judge_sees_what_the_truth_says_whatever_the_texts_are(about: str, tmp_path: Path) -> None:
    mark, texts = CHANGES[about]
    document = yaml.load(WINTER.read_text(), Loader=yaml.BaseLoader)  # noqa: S506  BaseLoader makes only strings
    document["assumptions"][0]["sets"]["value"] = mark
    for name, body in texts.items():
        document["texts"][name]["body"] = body
    file = tmp_path / "changed.yaml"
    file.write_text(yaml.safe_dump(document))
    world = build_world(load_scenario(file), 5, 0.5)
    truth = [row for row in truth_rows(world, "2003-02") if row["presence"] == "answered"]
    assert compare(truth, observed(world, "2003-02")).mismatches == ()
