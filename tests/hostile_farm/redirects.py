"""Servers that send us elsewhere: to where nobody may go, to themselves, or nowhere at all."""

from ebbtide.model.transcripts import Deviation
from hostile_farm.lines import Handler, Line, end
from hostile_farm.records import Hostile, Seen

LOOP, LIMIT, REFUSED = "response/redirect_loop", "response/redirect_limit", "skipped/out_of_scope"

ELSEWHERE = (
    ("a neighbour", b"http://127.255.0.1:%CANARY/", ""),
    ("a private address", b"http://10.0.0.1/", ""),
    ("a home router", b"http://192.168.1.1/admin", ""),
    ("a link-local address", b"http://169.254.169.254/latest/meta-data/", ""),
    ("a link-local address of IPv6", b"http://[fe80::1%25lo]/", REFUSED),
    ("a mapped address", b"http://[::ffff:10.0.0.1]/", ""),
    ("a number instead of an address", b"http://2147418113:%CANARY/", REFUSED),
    ("an octal address", b"http://0177.0377.0.1:%CANARY/", REFUSED),
    ("another port of another address", b"http://127.255.0.1:%CANARY/?port=other", ""),
    ("a mail port", b"http://127.255.0.1:25/", ""),
    ("a file", b"file:///etc/passwd", REFUSED),
    ("a script", b"javascript:alert(1)", REFUSED),
    ("data", b"data:text/html,<p>tide", REFUSED),
    ("gopher", b"gopher://127.255.0.1:%CANARY/_GET%20/", REFUSED),
    ("an address behind a user", b"http://127.0.0.1@127.255.0.1:%CANARY/", REFUSED),
    ("an address without a scheme", b"//127.255.0.1:%CANARY/", ""),
    ("an empty address", b"", ""),
    ("a broken address", b"http://[::1/%%%", ""),
    ("a port that overflows", b"http://127.255.0.1:99999/", ""),
    ("itself", b"/", LOOP),
    ("an address with backslashes", b"http:\\\\127.255.0.1:%CANARY\\", LOOP),
    ("noise", b"\xff\xfe\x80", LOOP),
)
"""What it is, the value of Location, and how the hop behind it ends where a survey follows within the same host; empty
where there is no hop at all."""


def to(location: bytes, status: int = 302) -> Handler:
    """Answer with a redirect; ``%CANARY`` stands for the port where nobody may ever call."""

    async def handler(line: Line) -> None:
        while await line.read_request():
            there = location.replace(b"%CANARY", b"%d" % line.canary)
            await line.send(b"HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, there))

    return handler


async def chain(line: Line) -> None:
    """A thousand hops and more: each request is sent on to the next number."""
    while request := await line.read_request():
        number = request.split()[1].removeprefix(b"/")
        following = int(number) + 1 if number.isdigit() else 1
        await line.send(b"HTTP/1.1 302 On\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n" % following)


async def go_round(line: Line) -> None:
    """From the front page to another, and back."""
    while request := await line.read_request():
        there = b"/" if request.startswith(b"GET /there ") else b"/there"
        await line.send(b"HTTP/1.1 302 On\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % there)


async def fall_silent(line: Line) -> None:
    """Redirect once, and close without an answer to whoever comes."""
    request = await line.read_request()
    if request.startswith(b"GET / "):
        await line.send(b"HTTP/1.1 302 On\r\nLocation: /there\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")


def _seen(*deviations: Deviation, status: int = 302) -> Seen:
    return Seen("answered", status, deviations, fields=(b"Location",))


def _sends_us(name: str, location: bytes, end_of_hop: str) -> Hostile:
    """A redirect that ends at once, or at its second round."""
    hops = (_seen(),) if location[:1] in {b"\xff", b"h"} and end_of_hop == LOOP else ()
    ends = (Seen(end_of_hop),) if end_of_hop else ()
    return redirecting(f"sends us to {name}", f"redirects to {name}", to(location), _seen(), *hops, *ends)


def redirecting(name: str, does: str, handler: Handler, *seen: Seen) -> Hostile:
    """A server that is asked once; what follows is its own doing."""
    return Hostile(name, does, handler, seen)


def _huge(length: int) -> bytes:
    return b"HTTP/1.1 302 Far\r\nLocation: http://tide.test/" + b"x" * length + b"\r\nContent-Length: 0\r\n\r\n"


def _says(octets: bytes) -> Handler:
    async def handler(line: Line) -> None:
        if await line.read_request():
            await line.send(octets.replace(b"%CANARY", b"%d" % line.canary))
            await end(line)

    return handler


SERVERS = (
    *(_sends_us(*each) for each in ELSEWHERE),
    redirecting("sends us for ever", "redirects in a chain without end", chain, *[_seen()] * 6, Seen(LIMIT)),
    *(
        redirecting(
            f"redirects by {status}",
            f"redirects to itself by {status}",
            to(b"/", status),
            _seen(status=status),
            Seen(LOOP),
        )
        for status in (301, 303, 307, 308)
    ),
    redirecting("redirects by 304", "answers 304 with a Location", to(b"/elsewhere", 304), _seen(status=304)),
    redirecting("redirects by 300", "offers a choice by 300", to(b"/elsewhere", 300), _seen(status=300)),
    redirecting("goes round", "redirects from one page to another and back", go_round, _seen(), _seen(), Seen(LOOP)),
    redirecting("sends us far", "redirects to an address of four kilobytes", _says(_huge(4000)), _seen()),
    redirecting(
        "sends us too far",
        "redirects to an address larger than a head may be",
        _says(_huge(100_000)),
        Seen("response/too_large", 302),
    ),
    redirecting(
        "sends us with CRLF",
        "puts line ends and fields into Location",
        _says(b"HTTP/1.1 302 X\r\nLocation: http://a.test/\rX-Cr: 1\nX-Lf: 2\r\nContent-Length: 0\r\n\r\n"),
        _seen(Deviation.BARE_LF, Deviation.CONTROL_IN_FIELD),
    ),
    redirecting(
        "sends us both ways",
        "sends two fields Location",
        _says(
            b"HTTP/1.1 302 X\r\nLocation: http://127.255.0.1:%CANARY/\r\nLocation: http://127.255.0.2:%CANARY/\r\n"
            b"Content-Length: 0\r\n\r\n"
        ),
        _seen(),
    ),
    redirecting(
        "sends us nowhere",
        "redirects without a Location",
        _says(b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n"),
        Seen("answered", 302),
    ),
    redirecting(
        "closes behind a hop",
        "redirects and says nothing where it sent us",
        fall_silent,
        _seen(),
        Seen("response/closed_early"),
    ),
)
