"""Servers that send us elsewhere: to where nobody may go, to themselves, or nowhere at all."""

from ebbtide.model.transcripts import Deviation
from hostile_farm.lines import Handler, Line, end
from hostile_farm.records import Seen, http

ELSEWHERE = (
    ("a neighbour", b"http://127.255.0.1:%CANARY/"),
    ("itself", b"/"),
    ("a private address", b"http://10.0.0.1/"),
    ("a home router", b"http://192.168.1.1/admin"),
    ("a link-local address", b"http://169.254.169.254/latest/meta-data/"),
    ("a link-local address of IPv6", b"http://[fe80::1%25lo]/"),
    ("a mapped address", b"http://[::ffff:10.0.0.1]/"),
    ("a number instead of an address", b"http://2130706433:%CANARY/"),
    ("an octal address", b"http://0177.0.0.1:%CANARY/"),
    ("another port", b"http://127.0.0.1:%CANARY/"),
    ("a mail port", b"http://127.0.0.1:25/"),
    ("a file", b"file:///etc/passwd"),
    ("a script", b"javascript:alert(1)"),
    ("data", b"data:text/html,<p>tide"),
    ("gopher", b"gopher://127.0.0.1:%CANARY/_GET%20/"),
    ("an address behind a user", b"http://127.0.0.1@127.255.0.1:%CANARY/"),
    ("an address with backslashes", b"http:\\\\127.255.0.1:%CANARY\\"),
    ("an address without a scheme", b"//127.255.0.1:%CANARY/"),
    ("an empty address", b""),
    ("a broken address", b"http://[::1/%%%"),
    ("a port that overflows", b"http://127.0.0.1:99999/"),
    ("noise", b"\xff\xfe\x80"),
)
"""What it is, and the value of Location."""


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


def _seen(*deviations: Deviation, status: int = 302) -> Seen:
    return Seen("answered", status, deviations, fields=(b"Location",))


def _huge(length: int) -> bytes:
    return b"HTTP/1.1 302 Far\r\nLocation: http://tide.test/" + b"x" * length + b"\r\nContent-Length: 0\r\n\r\n"


def _says(octets: bytes) -> Handler:
    async def handler(line: Line) -> None:
        if await line.read_request():
            await line.send(octets.replace(b"%CANARY", b"%d" % line.canary))
            await end(line)

    return handler


SERVERS = (
    *(http(f"sends us to {name}", f"redirects to {name}", to(location), _seen()) for name, location in ELSEWHERE),
    http("sends us for ever", "redirects in a chain without end", chain, _seen()),
    *(
        http(f"redirects by {status}", f"redirects to itself by {status}", to(b"/", status), _seen(status=status))
        for status in (301, 303, 307, 308)
    ),
    http("sends us far", "redirects to an address of four kilobytes", _says(_huge(4000)), _seen()),
    http(
        "sends us too far",
        "redirects to an address larger than a head may be",
        _says(_huge(100_000)),
        Seen("response/too_large", 302),
    ),
    http(
        "sends us with CRLF",
        "puts line ends and fields into Location",
        _says(b"HTTP/1.1 302 X\r\nLocation: http://a.test/\rX-Cr: 1\nX-Lf: 2\r\nContent-Length: 0\r\n\r\n"),
        _seen(Deviation.BARE_LF, Deviation.CONTROL_IN_FIELD),
    ),
    http(
        "sends us both ways",
        "sends two fields Location",
        _says(
            b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:%CANARY/\r\nLocation: http://127.255.0.1:%CANARY/\r\n"
            b"Content-Length: 0\r\n\r\n"
        ),
        _seen(),
    ),
    http(
        "sends us nowhere",
        "redirects without a Location",
        _says(b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n"),
        Seen("answered", 302),
    ),
)
