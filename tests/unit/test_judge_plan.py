"""The plan: the core first, then what the family's checks need, each request once, within the budget."""

import hashlib
import pickle
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ebbtide.judge.engine import load_engine
from ebbtide.judge.plan import SurveyPlan
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Skipped, SkipReason, Stage
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request

SALT = b"a salt of a survey"
TARGET = Target(bytes(range(16)), 7, "www.shop.example", "127.0.0.1", 8001, Scheme.HTTP)
ABSENT = hashlib.blake2b(TARGET.target_id, key=SALT, digest_size=8).hexdigest()

ABSENT_FOLDER = hashlib.blake2b(TARGET.target_id, key=SALT, digest_size=8, person=b"folder").hexdigest()

ASKS_TWO = """
id: {name}
info: {{name: Two, severity: info, author: me}}
http:
  - path: ["{{{{BaseURL}}}}/shared", "{{{{BaseURL}}}}/{name}"]
    matchers: [{{type: status, status: [200]}}]
"""


def plan_of(folder: Path = Path(), *, templates: tuple[str, ...] = (), **settings: object) -> SurveyPlan:
    section = PlanSection(**{"level": Level.ACTIVE, "absent_extension": "ida", **settings})  # type: ignore[arg-type]
    return load_engine(ChecksSection(templates=templates), section, folder).plan(SALT)


def answer(requests: Sequence[Request], server: bytes, outcome: Outcome | None = None) -> list[Exchange]:
    return [
        Exchange(
            TARGET.target_id, TARGET.site_id, number, 1, request, 0, outcome or Answered(), status=200,
            fields=((b"Server", server),),
        )
        for number, request in enumerate(requests)
    ]  # fmt: skip


def test_everybody_is_asked_for_the_core_plan_first() -> None:
    requests = plan_of().next_requests(TARGET, (), Level.PASSIVE)

    assert [request.path for request in requests] == ["/", f"/{ABSENT}.ida", "/favicon.ico"]
    assert [request.purpose for request in requests] == [Purpose.ROOT, Purpose.ABSENT, Purpose.ICON]


def test_the_absent_name_may_have_no_extension_and_the_icon_may_be_left_out() -> None:
    requests = plan_of(absent_extension="", icon=False).next_requests(TARGET, (), Level.PASSIVE)

    assert [request.path for request in requests] == ["/", f"/{ABSENT}"]


def test_what_was_asked_is_not_asked_again() -> None:
    plan = plan_of()
    core = plan.next_requests(TARGET, (), Level.ACTIVE)
    seen = answer(core[:1], b"Microsoft-IIS/5.0")

    assert list(plan.next_requests(TARGET, seen, Level.ACTIVE)) == list(core[1:])


def test_named_paths_are_asked_only_of_their_family() -> None:
    plan = plan_of()
    core = plan.next_requests(TARGET, (), Level.ACTIVE)

    further = plan.next_requests(TARGET, answer(core, b"Microsoft-IIS/5.0"), Level.ACTIVE)
    assert [(request.path, request.purpose) for request in further] == [
        (f"/{ABSENT_FOLDER}/", Purpose.ABSENT),
        ("/iisadmin/", Purpose.CHECK),
    ]
    assert [request.is_named for request in (*core, *further)] == [False, False, False, False, True]
    assert plan.next_requests(TARGET, answer(core, b"Apache/1.3.19"), Level.ACTIVE) == ()
    assert plan.next_requests(TARGET, answer([*core, *further], b"Microsoft-IIS/5.0"), Level.ACTIVE) == ()
    assert plan.most_controls == 1


def test_absent_names_follow_in_the_shape_of_what_was_answered_where_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "id: x\ninfo: {name: X, severity: info, author: me}\nhttp:\n"
        '  - path: ["{{BaseURL}}/a.php", "{{BaseURL}}/b.axd", "{{BaseURL}}/c", "{{BaseURL}}/d/"]\n'
        "    matchers: [{type: status, status: [200]}]\n"
    )
    plan = plan_of(tmp_path, templates=(".",))
    core = plan.next_requests(TARGET, (), Level.ACTIVE)
    further = plan.next_requests(TARGET, answer(core, b"Apache"), Level.ACTIVE)
    asked = answer([*core, *further], b"Apache")

    def controls(answered: set[str]) -> list[str]:
        seen = [
            msgspec.structs.replace(each, status=200 if each.request.path in {"/", *answered} else 404)
            for each in asked
        ]
        return [request.path for request in plan.next_requests(TARGET, seen, Level.ACTIVE)]

    assert controls(set()) == []
    asked[-1] = msgspec.structs.replace(asked[-1], outcome=Skipped(SkipReason.ROBOTS))
    assert controls({"/a.php", "/c"}) == [f"/{ABSENT}", f"/{ABSENT}.php"]
    assert controls({"/a.php", core[1].path}) == []
    assert plan.most_controls == 4


def test_named_paths_need_the_active_level_of_survey_and_target() -> None:
    seen = answer(plan_of().next_requests(TARGET, (), Level.ACTIVE), b"Microsoft-IIS/5.0")

    assert plan_of().next_requests(TARGET, seen, Level.PASSIVE) == ()
    assert plan_of(level=Level.PASSIVE).next_requests(TARGET, seen, Level.ACTIVE) == ()


def test_absent_names_of_another_extension_are_asked_at_the_passive_level() -> None:
    plan = plan_of(absent_extension="html", level=Level.PASSIVE)
    core = plan.next_requests(TARGET, (), Level.PASSIVE)

    assert core[1].path == f"/{ABSENT}.html"
    further = plan.next_requests(TARGET, answer(core, b"Microsoft-IIS/5.0"), Level.PASSIVE)
    assert [(request.path, request.is_named) for request in further] == [(f"/{ABSENT}.ida", False)]


def test_after_a_failure_nothing_more_is_asked() -> None:
    plan = plan_of()
    core = plan.next_requests(TARGET, (), Level.ACTIVE)
    failed = answer(core[:1], b"Microsoft-IIS/5.0", Failed(Stage.CONNECT, Fault.REFUSED))

    assert plan.next_requests(TARGET, failed, Level.ACTIVE) == ()


def test_requests_that_serve_most_checks_come_first_and_the_budget_holds(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.yaml").write_text(ASKS_TWO.format(name=name))
    plan = plan_of(tmp_path, templates=(".",), extra_requests=3)
    core = plan.next_requests(TARGET, (), Level.ACTIVE)
    further = plan.next_requests(TARGET, answer(core, b"Apache/1.3.19"), Level.ACTIVE)

    assert [request.path for request in further] == [f"/{ABSENT_FOLDER}/", "/shared", "/one", "/three"]
    again = answer([*core, *further[:3]], b"Apache/1.3.19")
    assert [request.path for request in plan.next_requests(TARGET, again, Level.ACTIVE)] == ["/three"]


def test_a_budget_of_nothing_leaves_the_core() -> None:
    plan = plan_of(extra_requests=0)
    core = plan.next_requests(TARGET, (), Level.ACTIVE)

    assert plan.next_requests(TARGET, answer(core, b"Microsoft-IIS/5.0"), Level.ACTIVE) == ()


def test_the_plan_is_the_same_in_another_process() -> None:
    plan = plan_of()
    copy = pickle.loads(pickle.dumps(plan))  # noqa: S301  our own bytes

    assert copy == plan
    assert copy.next_requests(TARGET, (), Level.ACTIVE) == plan.next_requests(TARGET, (), Level.ACTIVE)
