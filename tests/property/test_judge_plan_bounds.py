"""The plan ends, within its budget, and never asks the same twice, however its answers arrive."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.judge.checks.packs import pack_ids
from ebbtide.judge.engine import load_engine
from ebbtide.judge.plan import SurveyPlan
from ebbtide.judge.templates.placeholders import absent_folder, absent_name
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Stage
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose

SERVERS = (b"Microsoft-IIS/5.0", b"Apache/1.3.19", b"nginx", b"", b"secured")
CORE = 3
NAMELESS = {"/", "/favicon.ico", "/absent.html", "/absent.ida"}


def is_second_absent(exchange: Exchange) -> bool:
    return exchange.request.path == absent_folder(b"salt", exchange.target_id)


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[int, SurveyPlan]:
    folder = tmp_path_factory.mktemp("templates")
    for number in range(30):
        (folder / f"{number}.yaml").write_text(
            f"id: t{number}\ninfo: {{name: N, severity: info, author: me}}\n"
            f'http: [{{method: {"HEAD" if number % 7 == 0 else "GET"}, path: ["{{{{BaseURL}}}}/p{number % 9}", '
            f'"{{{{BaseURL}}}}/q{number}", "{{{{BaseURL}}}}/{{{{absent}}}}.html", "{{{{BaseURL}}}}"], '
            "matchers: [{type: status, status: [200]}]}]\n"
        )
    section = ChecksSection(packs=pack_ids(), templates=(str(folder),))
    return {
        most: load_engine(section, PlanSection(level=Level.ACTIVE, extra_requests=most), Path()).plan(b"salt")
        for most in (0, 1, 5, 1000)
    }


@settings(max_examples=100)
@given(
    most=st.sampled_from([0, 1, 5, 1000]),
    target_id=st.binary(min_size=16, max_size=16),
    server=st.sampled_from(SERVERS),
    level=st.sampled_from(list(Level)),
    taken=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    fails_at=st.none() | st.integers(0, 60),
)
def test_the_plan_ends_and_never_asks_the_same_twice(
    plans: dict[int, SurveyPlan],
    most: int,
    target_id: bytes,
    server: bytes,
    level: Level,
    taken: list[int],
    fails_at: int | None,
) -> None:
    plan = plans[most]
    target = Target(target_id, 1, "www.shop.example", "127.0.0.1", 80, Scheme.HTTP)
    seen: list[Exchange] = []
    turn = 0
    while requests := plan.next_requests(target, seen, level):
        for request in requests[: taken[turn % len(taken)]]:
            is_failure = len(seen) == fails_at
            outcome: Outcome = Failed(Stage.RESPONSE, Fault.RESET) if is_failure else Answered()
            fields = ((b"Server", server),)
            seen.append(Exchange(target_id, 1, len(seen), 1, request, 0, outcome, status=200, fields=fields))
            if is_failure:
                break
        turn += 1

    keys = [exchange.request.key for exchange in seen]
    assert len(keys) == len(set(keys)) <= CORE + most + plan.most_controls
    named = [place for place, exchange in enumerate(seen) if exchange.request.is_named]
    assert not named or any(map(is_second_absent, seen[: named[0]]))
    assert seen[0].request.purpose is Purpose.ROOT
    assert all(exchange.request.path.startswith("/") for exchange in seen)
    if fails_at is not None and len(seen) > fails_at:
        assert len(seen) == fails_at + 1
    if level is Level.PASSIVE:
        assert {
            exchange.request.path.replace(absent_name(b"salt", target_id), "absent") for exchange in seen
        } <= NAMELESS
