"""The same requests as each server, proxy and system log writes them, by the makers' descriptions of their formats."""

import json
from collections.abc import Callable, Sequence

Row = tuple[str, str, str, int]
"""Source, method, target, status."""
Writer = Callable[[Sequence[Row]], bytes]

_BEGIN_S = 1_091_318_400
"""1 August 2004, midnight UTC."""
_CURL = "curl/7.1"


def _lines(rows: Sequence[Row], write: Callable[[int, Row], str]) -> bytes:
    return b"".join(f"{write(place % 60, row)}\n".encode() for place, row in enumerate(rows))


def combined(rows: Sequence[Row], day: int = 1) -> bytes:
    return _lines(
        rows,
        lambda second, row: (
            f'{row[0]} - - [{day:02}/Aug/2004:00:00:{second:02} +0000] "{row[1]} {row[2]} HTTP/1.0" {row[3]} 9 "-" "-"'
        ),
    )


def common(rows: Sequence[Row]) -> bytes:
    return b"".join(line.rsplit(b' "-"', 2)[0] + b"\n" for line in combined(rows).splitlines())


def vhost_combined(rows: Sequence[Row]) -> bytes:
    return b"".join(b"www.shop.example:443 " + line for line in combined(rows).splitlines(keepends=True))


def traefik(rows: Sequence[Row]) -> bytes:
    """Common log format, then the number of the request, router, server and how long it took."""
    return b"".join(
        line + b' %d "shop@docker" "http://10.0.0.2:80" 3ms\n' % number
        for number, line in enumerate(combined(rows).splitlines(), 1)
    )


def iis(rows: Sequence[Row]) -> bytes:
    def line(second: int, row: Row) -> str:
        stem, _, query = row[2].partition("?")
        return f"2004-08-01 00:00:{second:02} {row[0]} {row[1]} {stem} {query or '-'} {row[3]}"

    head = b"#Software: IIS\n#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status\n"
    return head + _lines(rows, line)


def cloudfront(rows: Sequence[Row]) -> bytes:
    def line(second: int, row: Row) -> str:
        stem, _, query = row[2].partition("?")
        edge = ["2004-08-01", f"00:00:{second:02}", "FRA56-P1", "9", row[0], row[1], "d1.cloudfront.example", stem]
        return "\t".join([*edge, str(row[3]), "-", "curl/7.1%20(x)", query or "-", "-", "Miss"])

    head = (
        b"#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
        b"cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type\n"
    )
    return head + _lines(rows, line)


def caddy(rows: Sequence[Row]) -> bytes:
    def line(second: int, row: Row) -> str:
        request = {"remote_ip": row[0], "proto": "HTTP/1.1", "method": row[1], "uri": row[2], "headers": {}}
        entry = {"level": "info", "ts": _BEGIN_S + second + 0.5, "msg": "handled request", "request": request}
        return json.dumps({**entry, "status": row[3]})

    return _lines(rows, line)


def nginx_json(rows: Sequence[Row]) -> bytes:
    """What an operator's ``log_format ... escape=json`` commonly holds."""

    def line(second: int, row: Row) -> str:
        entry = {"time_iso8601": f"2004-08-01T02:00:{second:02}+02:00", "remote_addr": row[0]}
        asked = {"request": f"{row[1]} {row[2]} HTTP/1.1", "status": str(row[3]), "http_user_agent": _CURL}
        return json.dumps({**entry, **asked})

    return _lines(rows, line)


def traefik_json(rows: Sequence[Row]) -> bytes:
    def line(second: int, row: Row) -> str:
        entry = {"ClientAddr": f"{row[0]}:51234", "ClientHost": row[0], "RequestMethod": row[1], "RequestPath": row[2]}
        stamps = {"StartUTC": f"2004-08-01T00:00:{second:02}.123456789Z", "time": f"2004-08-01T00:00:{second:02}Z"}
        return json.dumps({**entry, **stamps, "DownstreamStatus": row[3], "level": "info", "msg": ""})

    return _lines(rows, line)


def cloudflare(rows: Sequence[Row]) -> bytes:
    def line(second: int, row: Row) -> str:
        asked = {"ClientIP": row[0], "ClientRequestMethod": row[1], "ClientRequestURI": row[2]}
        return json.dumps(
            {**asked, "EdgeResponseStatus": row[3], "EdgeStartTimestamp": (_BEGIN_S + second) * 1_000_000_000}
        )

    return _lines(rows, line)


def ecs(rows: Sequence[Row]) -> bytes:
    def line(second: int, row: Row) -> str:
        http = {"request": {"method": row[1]}, "response": {"status_code": row[3]}, "version": "1.1"}
        entry = {"@timestamp": f"2004-08-01T00:00:{second:02}.000Z", "source": {"ip": row[0]}, "http": http}
        return json.dumps({**entry, "url": {"original": row[2]}, "user_agent": {"original": _CURL}})

    return _lines(rows, line)


def haproxy(rows: Sequence[Row]) -> bytes:
    return _lines(
        rows,
        lambda second, row: (
            f"Aug  1 00:00:{second:02} lb haproxy[7]: {row[0]}:51234 [01/Aug/2004:00:00:{second:02}.143] in~ back/one "
            f'0/0/7/14/21 {row[3]} 113 - - ---- 2/1/0/0/0 0/0 "{row[1]} {row[2]} HTTP/1.1"'
        ),
    )


def aws_alb(rows: Sequence[Row]) -> bytes:
    return _lines(
        rows,
        lambda second, row: (
            f"http 2004-08-01T00:00:{second:02}.186641Z app/shop/50dc6c {row[0]}:51234 10.0.0.1:80 0.000 0.001 "
            f'0.000 {row[3]} {row[3]} 34 366 "{row[1]} http://www.shop.example:80{row[2]} HTTP/1.1" "{_CURL}" - - '
            f'arn:aws:elasticloadbalancing:eu:1:targetgroup/a/7 "Root=1-5" "-" "-" 0 2004-08-01T00:00:{second:02}.1Z '
            f'"forward" "-" "-" "10.0.0.1:80" "{row[3]}" "-" "-"'
        ),
    )


def syslog_of_old(rows: Sequence[Row]) -> bytes:
    """Stamps without a year, around access lines without a stamp."""
    return _lines(
        rows,
        lambda second, row: (
            f'Aug  1 00:00:{second:02} web httpd: {row[0]} - - "{row[1]} {row[2]} HTTP/1.0" {row[3]} 9 "-" "-"'
        ),
    )


def syslog_of_today(rows: Sequence[Row]) -> bytes:
    """RFC 5424 around nginx's own lines."""
    return b"".join(
        b"<190>1 2004-08-01T00:00:59.003Z web nginx 12 - - " + line for line in combined(rows).splitlines(keepends=True)
    )


def syslog_of_bsd(rows: Sequence[Row]) -> bytes:
    """Stamps without a year, around whole access lines."""
    return b"".join(b"Aug  1 00:00:59 web nginx: " + line for line in combined(rows).splitlines(keepends=True))


def syslog_of_files(rows: Sequence[Row]) -> bytes:
    """What rsyslog and journald write to files now: RFC 3339 stamps, the program with its number."""
    stamp = b"2004-08-01T00:00:59.123456+00:00 web nginx[12]: "
    return b"".join(stamp + line for line in combined(rows).splitlines(keepends=True))


WRITERS: tuple[Writer, ...] = (
    common, vhost_combined, traefik, iis, cloudfront, caddy, nginx_json, traefik_json, cloudflare, ecs, haproxy,
    aws_alb, syslog_of_old, syslog_of_bsd, syslog_of_files, syslog_of_today,
)  # fmt: skip
