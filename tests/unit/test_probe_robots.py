"""robots.txt on the scripted network: when it is asked, what it closes, and what stays as it was."""

import pytest
from msgspec.structs import replace

from asking_examples import ListPlan, make_assignment, make_settings, probe_all
from ebbtide.model.configuration import CapsSection
from ebbtide.model.outcomes import Answered, Failed, Skipped, SkipReason
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.probe.scripted import PLAIN, Reply, ScriptedNetwork, ScriptedServer
from ebbtide.rounds.rows import outcome_row

HERE = "127.0.0.1"
ABSENT = Request("/absent", Purpose.ABSENT)


def named(path: str) -> Request:
    return Request(path, Purpose.CHECK, is_named=True)


PLAN = ListPlan(["/", ABSENT], [named("/admin/"), named("/status"), Request("/odd", Purpose.CHECK)])


def file(text: str, status: str = "200 OK") -> Reply:
    return Reply((f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode(),))


CLOSES_ADMIN = file("User-agent: *\nDisallow: /admin")


def ask(
    *robots: Reply, plan: ListPlan = PLAN, is_on: bool = True, caps: CapsSection | None = None
) -> tuple[Transcript, ScriptedNetwork]:
    network = ScriptedNetwork({(HERE, 80): ScriptedServer(replies=(PLAIN, PLAIN, *robots, PLAIN))})
    settings = replace(make_settings(caps=caps), robots=is_on)
    (transcript,) = probe_all([make_assignment(HERE)], plan=plan, settings=settings, network=network)
    return transcript, network


def sent(network: ScriptedNetwork) -> list[str]:
    return [request.split(b" ")[1].decode() for visit in network.visits for request in visit.requests]


def told(transcript: Transcript) -> list[tuple[str, str]]:
    return [(each.request.path, kind(each)) for each in transcript.exchanges]


def kind(exchange: Exchange) -> str:
    outcome = exchange.outcome
    if isinstance(outcome, Skipped):
        return str(outcome.reason)
    return "failed" if isinstance(outcome, Failed) else str(exchange.status)


def test_it_is_asked_once_before_the_first_named_path_on_the_same_connection_and_closes_what_it_names() -> None:
    transcript, network = ask(CLOSES_ADMIN)
    assert sent(network) == ["/", "/absent", "/robots.txt", "/status", "/odd"]
    assert len(network.visits) == 1
    assert told(transcript) == [
        ("/", "200"),
        ("/absent", "200"),
        ("/robots.txt", "200"),
        ("/admin/", "robots"),
        ("/status", "200"),
        ("/odd", "200"),
    ]
    closed = transcript.exchanges[3]
    assert closed.outcome == Skipped(SkipReason.ROBOTS, "robots.txt does not allow it")
    assert (closed.request.purpose, closed.status, closed.address, closed.parent) == (Purpose.CHECK, None, "", None)
    assert transcript.exchanges[2].request.purpose is Purpose.ROBOTS
    assert [each.ordinal for each in transcript.exchanges] == list(range(6))


def test_a_survey_that_does_not_say_so_never_asks_for_it() -> None:
    _, network = ask(is_on=False)
    assert sent(network) == ["/", "/absent", "/admin/", "/status", "/odd"]


def test_where_no_named_path_is_asked_it_is_not_asked_either() -> None:
    _, network = ask(plan=ListPlan(["/", ABSENT], [Request("/odd", Purpose.CHECK)]))
    assert sent(network) == ["/", "/absent", "/odd"]


@pytest.mark.parametrize(
    ("robots", "is_open"),
    [
        (file("", "404 Not Found"), True),
        (Reply((b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",)), True),
        (file("", "500 Oops"), False),
        (file("User-agent: *\nAllow: /", "503 Busy"), False),
        (file("User-agent: ebbtide\nDisallow: /\n\nUser-agent: *\nAllow: /"), False),
    ],
)
def test_its_status_and_our_group_decide_and_a_redirect_of_it_is_not_followed(robots: Reply, *, is_open: bool) -> None:
    transcript, network = ask(robots)
    assert sent(network)[2:] == ["/robots.txt", *(("/admin/", "/status") if is_open else ()), "/odd"]
    assert sum(kind(each) == "robots" for each in transcript.exchanges) == (0 if is_open else 2)


def test_a_file_that_our_cap_cuts_closes_everything() -> None:
    _, network = ask(file("User-agent: *\nAllow: /\n" + "#" * 500), caps=CapsSection(body_bytes=100))
    assert sent(network)[2:] == ["/robots.txt", "/odd"]


def test_when_it_breaks_off_no_named_path_is_asked_and_the_target_has_not_failed() -> None:
    half = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nUser-agent: *\nAllow: /",), then="reset")
    transcript, network = ask(half)
    assert sent(network) == ["/", "/absent", "/robots.txt"]
    assert told(transcript)[2:] == [("/robots.txt", "failed"), ("/admin/", "robots"), ("/status", "robots")]
    assert isinstance(transcript.outcome, Answered)
    assert outcome_row(transcript).failed_exchange_count == 0


def test_when_it_ends_too_early_every_named_path_is_closed_and_the_target_has_not_failed() -> None:
    half = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nUser-agent: *\nAllow: /",), then="close")
    transcript, network = ask(half)
    assert sent(network) == ["/", "/absent", "/robots.txt", "/odd"]
    assert told(transcript)[3:] == [("/admin/", "robots"), ("/status", "robots"), ("/odd", "200")]
    assert outcome_row(transcript).failed_exchange_count == 0


def test_a_path_that_breaks_off_does_not_hide_that_the_one_behind_it_was_closed() -> None:
    plan = ListPlan(["/", ABSENT], [named("/status"), named("/open"), named("/admin/")])
    lost = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nhalf",), then="reset")
    transcript, network = ask(CLOSES_ADMIN, lost, plan=plan)
    assert sent(network)[2:] == ["/robots.txt", "/status"]
    assert told(transcript)[3:] == [("/status", "failed"), ("/admin/", "robots")]
    assert outcome_row(transcript).failed_exchange_count == 1


def test_what_is_closed_is_no_failure_of_the_target() -> None:
    transcript, _ = ask(CLOSES_ADMIN)
    row = outcome_row(transcript)
    assert (row.kind, row.status, row.failed_exchange_count, row.exchange_count) == ("answered", 200, 0, 6)


def test_when_all_is_closed_the_conversation_ends_well() -> None:
    transcript, network = ask(file("User-agent: *\nDisallow: /"), plan=ListPlan(["/", ABSENT], [named("/admin/")]))
    assert sent(network) == ["/", "/absent", "/robots.txt"]
    assert told(transcript)[-1] == ("/admin/", "robots")
    assert isinstance(transcript.outcome, Answered)


def test_a_check_that_asks_for_it_itself_gets_the_answer_that_is_there() -> None:
    transcript, network = ask(CLOSES_ADMIN, plan=ListPlan(["/", ABSENT], [named("/admin/"), named("/robots.txt")]))
    assert sent(network) == ["/", "/absent", "/robots.txt"]
    assert told(transcript)[2:] == [("/robots.txt", "200"), ("/admin/", "robots")]


def test_a_redirect_of_the_front_page_is_followed_behind_what_was_closed() -> None:
    moved = Reply((b"HTTP/1.1 302 Found\r\nLocation: /start\r\nContent-Length: 0\r\n\r\n",))
    network = ScriptedNetwork({(HERE, 80): ScriptedServer(replies=(moved, file("User-agent: *\nDisallow: /"), PLAIN))})
    settings = replace(make_settings(), robots=True, redirects="same_host")
    plan = ListPlan(["/"], [named("/admin/")])
    (transcript,) = probe_all([make_assignment(HERE)], plan=plan, settings=settings, network=network)
    assert told(transcript) == [("/", "302"), ("/robots.txt", "200"), ("/admin/", "robots"), ("/start", "200")]


class Further:
    """Asks for a second named path once it has seen what came of the first."""

    def next_requests(self, _target: object, seen: tuple[Exchange, ...], _level: object) -> tuple[Request, ...]:
        if not seen:
            return (Request("/", Purpose.ROOT),)
        return (named("/admin/"),) if len(seen) == 1 else (named("/admin/more"), named("/last"))


def test_what_was_read_holds_for_later_named_paths_too() -> None:
    robots = file("User-agent: *\nDisallow: /admin/more")
    network = ScriptedNetwork({(HERE, 80): ScriptedServer(replies=(PLAIN, robots, PLAIN))})
    settings = replace(make_settings(), robots=True)
    (transcript,) = probe_all([make_assignment(HERE)], plan=Further(), settings=settings, network=network)  # type: ignore[arg-type]
    assert sent(network) == ["/", "/robots.txt", "/admin/", "/last"]
    assert told(transcript)[-2:] == [("/admin/more", "robots"), ("/last", "200")]
