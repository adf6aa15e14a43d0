"""Redirects on the scripted network: which are followed, where, and what becomes of those that are not."""

import pytest
from msgspec.structs import replace

from asking_examples import ROOT_ONLY, ListPlan, make_assignment, make_settings, probe_all
from ebbtide.model.configuration import RedirectRule
from ebbtide.model.outcomes import Answered, Failed, Fault, Skipped, SkipReason, Stage
from ebbtide.model.targets import Scheme
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.probe.origins import origin_at
from ebbtide.probe.redirects import Dead, Hop, next_hop
from ebbtide.probe.scripted import PLAIN, Reply, ScriptedNetwork, ScriptedServer
from ebbtide.probe.settings import ProbeSettings

HERE = "127.0.0.1"
HOME = origin_at(Scheme.HTTP, "tide.test", 80)


def to(location: str, status: int = 302) -> Reply:
    return Reply((f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode(),))


def settings(rule: RedirectRule = RedirectRule.SAME_HOST, most: int = 5) -> ProbeSettings:
    return replace(make_settings(), redirects=rule, most_redirects=most)


def ask(
    network: ScriptedNetwork, rule: RedirectRule = RedirectRule.SAME_HOST, most: int = 5, plan: ListPlan = ROOT_ONLY
) -> Transcript:
    (transcript,) = probe_all(
        [make_assignment(HERE, host="tide.test")], plan=plan, settings=settings(rule, most), network=network
    )
    return transcript


def play(*replies: Reply, secure: tuple[Reply, ...] = (PLAIN,)) -> ScriptedNetwork:
    return ScriptedNetwork({(HERE, 80): ScriptedServer(replies=replies), (HERE, 443): ScriptedServer(replies=secure)})


def answer(location: bytes, *, purpose: Purpose = Purpose.ROOT, status: int = 302) -> Exchange:
    return Exchange(
        target_id=b"t" * 16,
        site_id=1,
        ordinal=0,
        attempt=1,
        request=Request("/", purpose),
        asked_at_ns=0,
        outcome=Answered(),
        status=status,
        fields=((b"Location", location),),
    )


def test_a_redirect_on_the_same_origin_is_asked_on_the_same_connection() -> None:
    network = play(to("/start?x=1"), PLAIN)
    transcript = ask(network)
    assert [(each.request.path, each.parent, each.origin) for each in transcript.exchanges] == [
        ("/", None, ""),
        ("/start?x=1", 0, ""),
    ]
    assert transcript.exchanges[1].request.purpose is Purpose.REDIRECT
    assert isinstance(transcript.outcome, Answered)
    assert len(network.visits) == 1


def test_a_redirect_to_https_of_the_same_host_is_followed_at_the_same_address_with_its_own_server_name() -> None:
    network = play(to("https://tide.test/"))
    transcript = ask(network)
    hop = transcript.exchanges[1]
    assert (hop.origin, hop.sni, hop.address, hop.parent) == ("https://tide.test", "tide.test", HERE, 0)
    assert hop.tls is not None
    assert [(visit.address, visit.port) for visit in network.visits] == [(HERE, 80), (HERE, 443)]
    assert network.most_open == {HERE: 1}


def test_hops_come_after_all_that_the_plan_asks() -> None:
    network = play(to("/start"), PLAIN, PLAIN, PLAIN)
    transcript = ask(network, plan=ListPlan(["/", Request("/absent", Purpose.ABSENT)]))
    assert [each.request.path for each in transcript.exchanges] == ["/", "/absent", "/start"]
    assert transcript.exchanges[2].parent == 0


def test_a_redirect_of_anything_but_the_front_page_is_left_alone() -> None:
    network = play(PLAIN, to("/start"))
    transcript = ask(network, plan=ListPlan(["/", Request("/absent", Purpose.ABSENT)]))
    assert len(transcript.exchanges) == 2


def test_a_loop_is_an_outcome_and_costs_no_request() -> None:
    network = play(to("/a"), to("/"))
    transcript = ask(network)
    last = transcript.exchanges[-1]
    assert last.outcome == Failed(Stage.RESPONSE, Fault.REDIRECT_LOOP, "http://tide.test/")
    assert last.parent == 1
    assert last.status is None
    assert sum(len(visit.requests) for visit in network.visits) == 2
    assert isinstance(transcript.outcome, Answered)


def test_too_long_a_chain_is_an_outcome() -> None:
    network = play(*(to(f"/{number}") for number in range(20)))
    transcript = ask(network, most=3)
    assert [type(each.outcome) for each in transcript.exchanges] == [Answered] * 4 + [Failed]
    assert transcript.exchanges[-1].outcome == Failed(Stage.RESPONSE, Fault.REDIRECT_LIMIT, "more than 3 redirects")


def test_a_redirect_to_another_host_is_handed_on_and_not_followed_here() -> None:
    network = play(to("http://other.tide.test/"))
    transcript = ask(network, RedirectRule.IN_SCOPE)
    assert transcript.exchanges[0].handed_on == "http://other.tide.test/"
    assert len(transcript.exchanges) == 1
    assert len(network.visits) == 1


def test_a_hop_that_was_handed_on_is_asked_alone_and_joins_its_attempt() -> None:
    hop = Hop(origin_at(Scheme.HTTP, "other.test", 80), "/x", 0, ("http://tide.test/",), first_ordinal=3)
    assignment = make_assignment(HERE, host="tide.test")
    network = play(PLAIN)
    (transcript,) = probe_all([replace(assignment, hop=hop)], settings=settings(), network=network)
    assert [(each.ordinal, each.parent, each.origin) for each in transcript.exchanges] == [(3, 0, "http://other.test")]
    assert transcript.follows == 0
    assert b"Host: other.test\r\n" in network.visits[0].requests[0]


@pytest.mark.parametrize(
    "location",
    [b"javascript:alert(1)", b"file:///etc/passwd", b"gopher://tide.test/", b"data:text/html,x", b"mailto:a@b"],
)
def test_what_is_no_web_address_is_never_followed(location: bytes) -> None:
    found = next_hop(answer(location), HOME, (), RedirectRule.IN_SCOPE, 5)
    assert isinstance(found, Dead)
    assert isinstance(found.outcome, Skipped)
    assert found.outcome.reason is SkipReason.OUT_OF_SCOPE


@pytest.mark.parametrize(
    "location", [b"http://user:secret@tide.test/", b"http://user@tide.test/", b"http://tide.test:0/", b"http:///x"]
)
def test_credentials_and_addresses_of_nobody_are_never_followed(location: bytes) -> None:
    found = next_hop(answer(location), HOME, (), RedirectRule.SAME_HOST, 5)
    assert found is None or isinstance(found, Dead) or found.origin.host == "tide.test"
    if b"@" in location or b":0" in location:
        assert isinstance(found, Dead)


@pytest.mark.parametrize("path", [b"/?q=<script>", b"/../../etc/passwd", b"/a%00b", b"/x;id", b"/" + b"a" * 300])
def test_a_server_cannot_make_us_say_its_words_to_another_host(path: bytes) -> None:
    found = next_hop(answer(b"http://victim.test" + path), HOME, (), RedirectRule.IN_SCOPE, 5)
    assert isinstance(found, Dead)
    assert found.outcome == Skipped(SkipReason.LEVEL, "the redirect carries more than a plain path to another host")


@pytest.mark.parametrize(
    ("rule", "location", "is_followed"),
    [
        (RedirectRule.NONE, b"/x", False),
        (RedirectRule.SAME_HOST, b"//tide.test/x", True),
        (RedirectRule.SAME_HOST, b"http://www.tide.test/", False),
        (RedirectRule.SAME_DOMAIN, b"http://www.tide.test/", True),
        (RedirectRule.SAME_DOMAIN, b"http://ebb.test/", False),
        (RedirectRule.IN_SCOPE, b"http://ebb.test/", True),
        (RedirectRule.IN_SCOPE, b"http://[::1]/", True),
        (RedirectRule.IN_SCOPE, b"http://[::1", False),
        (RedirectRule.IN_SCOPE, b"http://ebb.test:99999/", False),
        (RedirectRule.IN_SCOPE, b"", False),
    ],
)
def test_the_rule_says_how_far_a_redirect_is_followed(
    rule: RedirectRule, location: bytes, *, is_followed: bool
) -> None:
    assert isinstance(next_hop(answer(location), HOME, (), rule, 5), Hop) is is_followed


def test_what_cannot_stand_in_a_request_line_is_escaped() -> None:
    found = next_hop(answer(b"/caf\xc3\xa9 au lait\x00#top"), HOME, (), RedirectRule.SAME_HOST, 5)
    assert isinstance(found, Hop)
    assert found.path == "/caf%C3%A9%20au%20lait%00"
