"""The engine on whole transcripts: the contract's order of decision, check by check."""

import pickle
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from ebbtide.judge.checks.catalogue import list_checks
from ebbtide.judge.engine import Engine, load_engine
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.errors import CheckError
from ebbtide.model.outcomes import Answered, Failed, Fault, Outcome, Skipped, SkipReason, Stage
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.model.verdicts import Assessment, CannotTell, CannotTellReason, NotAsked, NotShown, Shown

TARGET = Target(bytes(range(16)), 7, "www.shop.example", "127.0.0.1", 8001, Scheme.HTTP)
NAME = "0123456789abcdef"
IDA = f"/{NAME}.ida"
IIS = b"Microsoft-IIS/5.0"
TITLE = b"<title>IIS Internet Services Manager (HTMLA)</title>"
REACHABLE = f"<p>The IDQ file {NAME}.ida could not be found.</p>".encode()
WITH_PATH = f"<p>The IDQ file c:\\inetpub\\wwwroot\\{NAME}.ida could not be found.</p>".encode()
PASSIVE_IDS = ("code-red-ida-reachable", "code-red-ida", "server-path", "script-source", "backdoor-mark")
ALL_IDS = (*PASSIVE_IDS, "admin-pages", "any-hole")

Answer = tuple[int, bytes]
PLAIN: dict[str, Answer] = {"/": (200, b"<p>Welcome</p>"), IDA: (404, b"Not found"), "/iisadmin/": (404, b"")}
PURPOSES = {"/": Purpose.ROOT, IDA: Purpose.ABSENT}


def engine_of(level: Level = Level.ACTIVE, **settings: object) -> Engine:
    plan = PlanSection(level=level, absent_extension="ida", **settings)  # type: ignore[arg-type]
    return load_engine(ChecksSection(), plan, Path())


def transcript_of(
    answers: dict[str, Answer], *, server: bytes = IIS, cut: tuple[str, ...] = (), failed: str = ""
) -> Transcript:
    exchanges = []
    for number, (path, (status, body)) in enumerate(answers.items()):
        is_failed = path == failed
        outcome: Outcome = Failed(Stage.RESPONSE, Fault.RESET) if is_failed else Answered()
        exchanges.append(
            Exchange(
                target_id=TARGET.target_id,
                site_id=TARGET.site_id,
                ordinal=number,
                attempt=1,
                request=Request(path, PURPOSES.get(path, Purpose.CHECK)),
                asked_at_ns=0,
                outcome=outcome,
                status=None if is_failed else status,
                http_version="1.1",
                fields=((b"Server", server),) if server else (),
                body=body,
                body_bytes=len(body),
                is_truncated=path in cut,
            )
        )
    return Transcript(TARGET, 1, exchanges[0].outcome, tuple(exchanges))


def readings(assessment: Assessment) -> dict[str, str]:
    found = {}
    for each in assessment.verdicts:
        verdict = each.verdict
        match verdict:
            case Shown():
                found[each.check] = "shown"
            case NotShown():
                found[each.check] = "not_shown"
            case CannotTell(reason=reason) | NotAsked(reason=reason):
                found[each.check] = str(reason)
    return found


def judge(answers: dict[str, Answer], level: Level = Level.ACTIVE, **what: object) -> dict[str, str]:
    return readings(engine_of(level).assess(transcript_of(answers, **what)))  # type: ignore[arg-type]


def test_a_server_with_nothing_to_show_shows_nothing() -> None:
    assert judge(PLAIN) == dict.fromkeys(ALL_IDS, "not_shown")


def test_every_check_has_a_verdict_in_the_order_of_the_manifest() -> None:
    engine = engine_of()
    assessment = engine.assess(transcript_of(PLAIN))

    assert tuple(each.check for each in assessment.verdicts) == tuple(info.id for info in engine.manifest.checks)
    assert (assessment.family, assessment.version) == ("microsoft-iis", "5.0")
    assert (assessment.target_id, assessment.site_id) == (TARGET.target_id, TARGET.site_id)


def test_who_did_not_answer_was_not_asked() -> None:
    assessment = engine_of().assess(transcript_of({"/": (200, b"")}, failed="/"))

    assert set(readings(assessment).values()) == {"unreachable"}
    assert assessment.family == ""


def test_a_masked_server_settles_nothing() -> None:
    shown = {**PLAIN, IDA: (404, WITH_PATH)}

    assert set(judge(shown, server=b"").values()) == {"masked"}


def test_another_family_is_outside_the_base() -> None:
    assert set(judge({**PLAIN, IDA: (404, WITH_PATH)}, server=b"Apache/1.3.19").values()) == {"gate_closed"}


def test_an_unpatched_filter_shows_code_red_and_any_hole() -> None:
    told = judge({**PLAIN, IDA: (404, REACHABLE)})

    assert {check for check, reading in told.items() if reading == "shown"} == {
        "code-red-ida-reachable", "code-red-ida", "any-hole",
    }  # fmt: skip


def test_the_mark_of_the_patch_leaves_the_filter_reachable_only() -> None:
    told = judge({**PLAIN, IDA: (200, b"<!-- MS01-033 -->" + REACHABLE)})

    assert {check for check, reading in told.items() if reading == "shown"} == {"code-red-ida-reachable"}
    assert told["code-red-ida"] == told["any-hole"] == "not_shown"


def test_the_operator_may_know_another_mark() -> None:
    section = ChecksSection(parameters={"code-red-ida": {"patch_mark": "SP3"}})
    engine = load_engine(section, PlanSection(absent_extension="ida"), Path())
    told = readings(engine.assess(transcript_of({**PLAIN, IDA: (404, REACHABLE + b"SP3")})))

    assert (told["code-red-ida-reachable"], told["code-red-ida"]) == ("shown", "not_shown")
    assert engine.manifest.parameters == (("code-red-ida.patch_mark", "SP3"),)
    assert engine.manifest.id != load_engine(ChecksSection(), PlanSection(absent_extension="ida"), Path()).manifest.id


def test_a_filter_that_answers_with_200_does_not_answer_everything() -> None:
    told = judge({**PLAIN, IDA: (200, WITH_PATH), "/iisadmin/": (200, TITLE)})

    assert told["code-red-ida"] == told["server-path"] == told["admin-pages"] == "shown"


def test_a_server_that_answers_everything_is_judged_by_its_front_page_alone() -> None:
    told = judge({"/": (200, b"<% x %>"), IDA: (200, b"c:\\inetpub\\wwwroot\\"), "/iisadmin/": (200, TITLE)})

    assert told["script-source"] == told["any-hole"] == "shown"
    assert told["backdoor-mark"] == "not_shown"
    asked_by_name = ("code-red-ida-reachable", "code-red-ida", "server-path", "admin-pages")
    assert {told[check] for check in asked_by_name} == {"answers_everything"}


def test_any_hole_cannot_be_told_of_a_server_that_answers_everything_and_shows_nothing() -> None:
    assert judge({**PLAIN, IDA: (200, b"<p>Welcome</p>")})["any-hole"] == "answers_everything"


def test_a_redirect_for_every_name_is_no_answer_to_everything() -> None:
    assert judge({**PLAIN, IDA: (302, b"moved")})["server-path"] == "not_shown"


def test_the_passive_level_leaves_the_active_check_unasked() -> None:
    told = judge({"/": PLAIN["/"], IDA: PLAIN[IDA]}, Level.PASSIVE)

    assert told["admin-pages"] == told["any-hole"] == "level"
    assert {told[check] for check in PASSIVE_IDS} == {"not_shown"}


def test_answers_everything_comes_before_the_level() -> None:
    told = judge({"/": PLAIN["/"], IDA: (200, b"anything")}, Level.PASSIVE)

    assert told["admin-pages"] == "answers_everything"


def test_any_hole_is_shown_at_the_passive_level_when_a_passive_part_is() -> None:
    assert judge({"/": PLAIN["/"], IDA: (404, WITH_PATH)}, Level.PASSIVE)["any-hole"] == "shown"


def test_a_named_path_that_an_answering_target_was_not_asked_for_was_beyond_its_level() -> None:
    told = judge({"/": PLAIN["/"], IDA: PLAIN[IDA]})

    assert told["admin-pages"] == told["any-hole"] == "level"
    assert {told[check] for check in PASSIVE_IDS} == {"not_shown"}


def test_an_absent_name_that_is_missing_was_not_asked() -> None:
    told = judge({"/": PLAIN["/"], "/iisadmin/": PLAIN["/iisadmin/"]})

    assert told["server-path"] == told["any-hole"] == "unreachable"
    assert told["admin-pages"] == "not_shown"


def test_a_request_that_failed_settles_nothing_but_what_was_answered_before() -> None:
    told = judge({"/": PLAIN["/"], IDA: PLAIN[IDA]}, failed=IDA)

    assert told["server-path"] == told["admin-pages"] == told["any-hole"] == "unreachable"
    assert told["script-source"] == "not_shown"


def test_what_the_budget_left_out_is_named_so() -> None:
    engine = engine_of(extra_requests=0)
    told = readings(engine.assess(transcript_of({"/": PLAIN["/"], IDA: PLAIN[IDA]})))

    assert told["admin-pages"] == "budget"


def with_robots(robots: Outcome, admin: Outcome) -> Transcript:
    """As the probe leaves it: robots.txt behind the core plan, then the named path."""
    seen = transcript_of({"/": PLAIN["/"], IDA: PLAIN[IDA], "/robots.txt": (200, b""), "/iisadmin/": (404, b"")})
    *core, file, path = seen.exchanges
    file = replace(file, request=Request("/robots.txt", Purpose.ROBOTS), outcome=robots)
    return replace(seen, exchanges=(*core, file, replace(path, outcome=admin)))


@pytest.mark.parametrize("robots", [Answered(), Failed(Stage.RESPONSE, Fault.TIMED_OUT)])
def test_what_robots_txt_closes_was_not_asked_and_all_else_is_judged(robots: Outcome) -> None:
    told = readings(engine_of().assess(with_robots(robots, Skipped(SkipReason.ROBOTS, "robots.txt does not allow it"))))

    assert told["admin-pages"] == "robots"
    assert {told[check] for check in PASSIVE_IDS} == {"not_shown"}


def test_a_robots_txt_that_failed_is_no_silence_of_the_target() -> None:
    seen = with_robots(Failed(Stage.RESPONSE, Fault.TIMED_OUT), Skipped(SkipReason.ROBOTS))
    *others, closed = seen.exchanges
    another = replace(closed, request=Request("/another/", Purpose.CHECK))

    told = readings(engine_of(extra_requests=1).assess(replace(seen, exchanges=(*others, another))))
    assert told["admin-pages"] == "budget"


def test_a_named_path_that_failed_behind_robots_txt_is_unreachable_and_one_that_answered_is_judged() -> None:
    lost = engine_of().assess(with_robots(Answered(), Failed(Stage.RESPONSE, Fault.RESET)))

    assert readings(lost)["admin-pages"] == "unreachable"
    assert readings(engine_of().assess(with_robots(Answered(), Answered())))["admin-pages"] == "not_shown"


def test_a_cut_body_settles_only_what_it_shows() -> None:
    told = judge({**PLAIN, "/": (200, b"<% x %> <p>and so on"), IDA: (404, b"No")}, cut=("/", IDA))

    assert told["script-source"] == "shown"
    assert told["backdoor-mark"] == told["server-path"] == "truncated"
    assert told["admin-pages"] == "not_shown"


def test_a_missing_mark_in_a_cut_body_settles_nothing() -> None:
    told = judge({**PLAIN, IDA: (404, REACHABLE)}, cut=(IDA,))

    assert (told["code-red-ida-reachable"], told["code-red-ida"]) == ("shown", "truncated")


def test_evidence_says_where_and_hides_control_characters() -> None:
    body = b"\x1b[31m\x00" + WITH_PATH + b"\r\n" + b"z" * 1000
    assessment = engine_of().assess(transcript_of({**PLAIN, IDA: (404, body)}))
    verdict = next(each.verdict for each in assessment.verdicts if each.check == "server-path")

    assert isinstance(verdict, Shown)
    (evidence,) = verdict.evidence
    assert (evidence.ordinal, evidence.part, evidence.matcher) == (1, "body", "drive-path")
    assert "c:\\inetpub\\wwwroot\\" in evidence.excerpt
    assert len(evidence.excerpt) <= 200
    assert not any(character < " " for character in evidence.excerpt)


def test_the_engine_is_the_same_in_another_process() -> None:
    engine = engine_of()
    copy = pickle.loads(pickle.dumps(engine))  # noqa: S301  our own bytes
    transcript = transcript_of({**PLAIN, IDA: (404, WITH_PATH)})

    assert copy.manifest == engine.manifest
    assert copy.assess(transcript) == engine.assess(transcript)


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({"code-red-ida": {"patch": "x"}}, "checks.parameters.code-red-ida.patch"),
        ({"code-blue": {"patch_mark": "x"}}, "checks.parameters.code-blue"),
        ({"code-red-ida": {"patch_mark": ""}}, "checks.parameters.code-red-ida.patch_mark"),
    ],
)
def test_unknown_parameters_are_refused_with_their_key(parameters: dict[str, dict[str, str]], where: str) -> None:
    with pytest.raises(CheckError) as caught:
        load_engine(ChecksSection(parameters=parameters), PlanSection(), Path())
    assert caught.value.where == where


def test_templates_of_the_operator_join_as_checks_for_every_server(tmp_path: Path) -> None:
    (tmp_path / "front.yaml").write_text(
        "id: front\ninfo: {name: Front, severity: info, author: me}\n"
        'http: [{path: ["{{BaseURL}}"], matchers: [{type: word, words: [Welcome]}]}]\n'
    )
    (tmp_path / "named.yaml").write_text(
        "id: named\ninfo: {name: Named, severity: low, author: me}\n"
        'http: [{path: ["{{BaseURL}}/x"], matchers: [{type: status, status: [200]}]}]\n'
    )
    (tmp_path / "refused.yaml").write_text(
        "id: refused\ninfo: {name: R, severity: low, author: me}\nhttp: [{method: POST, path: ['{{BaseURL}}/x']}]\n"
    )
    section = ChecksSection(packs=(), templates=(".",))
    infos = {info.id: info for info in list_checks(section, tmp_path)}
    told = readings(
        load_engine(section, PlanSection(absent_extension="ida"), tmp_path).assess(transcript_of(PLAIN, server=b""))
    )

    assert {check: (info.level, info.families) for check, info in infos.items()} == {
        "front": (Level.PASSIVE, ()),
        "named": (Level.ACTIVE, ()),
    }
    assert told == {"front": "shown", "named": "level"}


def test_a_template_named_alone_that_is_not_run_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "refused.yaml").write_text(
        "id: refused\ninfo: {name: R, severity: low, author: me}\nhttp: [{method: POST, path: ['{{BaseURL}}/x']}]\n"
    )

    with pytest.raises(CheckError, match="non-get"):
        load_engine(ChecksSection(templates=("refused.yaml",)), PlanSection(), tmp_path)
    with pytest.raises(CheckError, match="no template of that name"):
        load_engine(ChecksSection(templates=("nothing.yaml",)), PlanSection(), tmp_path)


FRONT = (
    "id: {id}\ninfo: {{name: Front, severity: info, author: me}}\n"
    'http: [{{path: ["{{{{BaseURL}}}}"], matchers: [{{type: word, words: [Welcome]}}]}}]\n'
)


def test_two_checks_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(FRONT.format(id="any-hole"))

    with pytest.raises(CheckError, match="the check any-hole is there twice"):
        load_engine(ChecksSection(templates=("one.yaml",)), PlanSection(), tmp_path)


def test_a_template_takes_no_parameters(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(FRONT.format(id="front"))
    section = ChecksSection(templates=("one.yaml",), parameters={"front": {"mark": "a"}})

    with pytest.raises(CheckError, match="has no parameters") as caught:
        load_engine(section, PlanSection(), tmp_path)
    assert caught.value.where == "checks.parameters.front.mark"


def test_further_fingerprints_are_part_of_the_judgement(tmp_path: Path) -> None:
    (tmp_path / "mine.xml").write_text(
        '<fingerprints matches="http_header.server">'
        '<fingerprint pattern="^Odd/([0-9]+)$"><description>Odd</description>'
        '<example service.version="7">Odd/7</example><param pos="0" name="service.product" value="Odd"/>'
        '<param pos="1" name="service.version"/></fingerprint></fingerprints>'
    )
    plain = load_engine(ChecksSection(), PlanSection(), tmp_path)
    with_file = load_engine(ChecksSection(fingerprints=("mine.xml",)), PlanSection(), tmp_path)
    assessment = with_file.assess(transcript_of(PLAIN, server=b"Odd/7"))

    assert (assessment.family, assessment.version) == ("odd", "7")
    assert with_file.manifest.id != plain.manifest.id
    assert with_file.manifest.id == load_engine(ChecksSection(fingerprints=(".",)), PlanSection(), tmp_path).manifest.id
    with pytest.raises(CheckError, match="no file of fingerprints"):
        load_engine(ChecksSection(fingerprints=("none.xml",)), PlanSection(), tmp_path)


def verdicts_of(transcript: Transcript) -> dict[str, object]:
    return {each.check: each.verdict for each in engine_of().assess(transcript).verdicts}


def test_an_erased_body_settles_nothing_that_stands_in_bodies_and_all_that_does_not() -> None:
    asked = transcript_of({**PLAIN, IDA: (200, REACHABLE)})
    exchanges = tuple(msgspec.structs.replace(each, body=b"") for each in asked.exchanges)
    verdicts = verdicts_of(msgspec.structs.replace(asked, exchanges=exchanges))
    assert verdicts["script-source"] == CannotTell(CannotTellReason.EVIDENCE_NOT_KEPT)
    whole = verdicts_of(transcript_of(PLAIN))
    assert whole["script-source"] == NotShown()


def test_an_answer_that_was_erased_whole_settles_nothing() -> None:
    asked = transcript_of(PLAIN)
    verdicts = verdicts_of(msgspec.structs.replace(asked, exchanges=()))
    assert set(verdicts.values()) == {CannotTell(CannotTellReason.EVIDENCE_NOT_KEPT)}
    assert set(verdicts) == set(ALL_IDS)
