"""What stands before a server is told apart from it, and never changes its family."""

import pytest

from ebbtide.judge.software.fronts import FRONT_ROLE, Front, read_fronts
from ebbtide.judge.software.identification import Identification, identify
from ebbtide.judge.software.naming import naming_of
from ebbtide.model.outcomes import Answered
from ebbtide.model.transcripts import Exchange, Purpose, Request

FRONTS = read_fronts()


def told(*lines: str) -> Identification:
    fields = tuple((name.encode(), value.encode()) for name, _, value in (line.partition(": ") for line in lines))
    request = Request("/", Purpose.ROOT)
    exchange = Exchange(bytes(16), 7, 0, 1, request, 0, Answered(), status=200, http_version="1.1", fields=fields)
    return identify([exchange])


def fronts_of(*lines: str) -> set[str]:
    return {row.source.partition(":")[2] for row in told(*lines).software if row.role == FRONT_ROLE}


def test_ids_differ_and_each_cites_who_says_so() -> None:
    assert len({front.id for front in FRONTS}) == len(FRONTS)
    assert all(front.source and front.kind in {"cdn", "proxy", "balancer"} for front in FRONTS)
    assert all(len(front.seen) > 1 and len(front.alike) > 1 for front in FRONTS)


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.id)
def test_samples_tell_a_front_and_look_alikes_do_not(front: Front) -> None:
    assert {line: fronts_of(line) & {front.id} for line in front.seen} == {line: {front.id} for line in front.seen}
    assert {line: fronts_of(line) & {front.id} for line in front.alike} == {line: set() for line in front.alike}


@pytest.mark.parametrize(
    ("lines", "family", "fronts"),
    [
        (["Server: nginx/1.18.0", "X-Served-By: cache-fra-eddf8230020-FRA"], "nginx", {"fastly"}),
        (["Server: cloudflare", "CF-RAY: 1-AMS"], "cloudflare", {"cloudflare"}),
        (["Server: Apache", "Via: 1.1 varnish, 1.1 google"], "apache", {"varnish", "google-front-end"}),
        (["Server: nginx", "X-CDN: Imperva", "Set-Cookie: BIGipServerx=1"], "nginx", {"imperva", "f5-big-ip"}),
        (["Server: Microsoft-IIS/10.0"], "microsoft-iis", set()),
        (["X-Varnish: 1"], "unknown", {"varnish"}),
    ],
)
def test_a_front_changes_no_family(lines: list[str], family: str, fronts: set[str]) -> None:
    assert (told(*lines).family, fronts_of(*lines)) == (family, fronts)


def test_marks_that_differ_in_their_values_are_remembered_as_one() -> None:
    one = told("Server: nginx", "CF-RAY: 1-AMS", "X-Served-By: cache-fra-1-FRA")
    other = told("Server: nginx", "CF-RAY: 2-FRA", "X-Served-By: cache-ams-2-AMS")
    assert one is other


def test_naming_puts_server_company_and_fronts_in_order_and_says_where_answers_disagree() -> None:
    one = naming_of(told("Server: nginx/1.18.0 (Ubuntu)", "X-Powered-By: PHP/8.1.2", "CF-RAY: 1").software)
    assert (one.servers, one.others, one.fronts) == (("nginx 1.18.0",), ("Ubuntu Linux", "PHP 8.1.2"), ("Cloudflare",))
    assert not one.is_contradictory
    two = naming_of([*told("Server: nginx/1.18.0").software, *told("Server: Apache/2.4.1").software])
    assert two.is_contradictory
    assert two.servers == ("nginx 1.18.0", "HTTP Server 2.4.1")
    assert naming_of(told("Server: Secured").software).servers == ()
