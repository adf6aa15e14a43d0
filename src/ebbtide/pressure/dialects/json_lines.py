"""One JSON object a line: nginx, Caddy, ECS, Cloudflare, Traefik."""

from collections.abc import Callable, Mapping

import msgspec

from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.records import Aside, Line, LogRequest, split_request
from ebbtide.pressure.stamps import Moment, read_clf, read_epoch, read_iso

Fields = Mapping[str, object]
_MOST_BYTES = 1 << 20
_SOURCES = ("remote_addr", "client_ip", "clientip", "remote_ip", "http_x_forwarded_for", "client", "ip")
_TIMES = ("time_iso8601", "time_local", "msec", "@timestamp", "timestamp", "time", "ts")
_AGENTS = ("http_user_agent", "user_agent", "agent", "userAgent")
_REFERRERS = ("http_referer", "http_referrer", "referer", "referrer")
_TARGETS = ("request_uri", "uri", "url", "path")


class JsonLines(Dialect):
    """Lines of JSON, with or without a prefix that a container or a system log put in front.

    The name is ``json`` until a request has told which server writes.
    """

    name = "json"

    def read(self, line: bytes) -> Line:
        """Read a line; see ``Dialect.read``."""
        begin = line.find(b"{")
        if begin < 0:
            return Aside.REJECTED if line.strip() else Aside.OTHER
        fields = decode_fields(line[begin : begin + _MOST_BYTES])
        if fields is None:
            return Aside.REJECTED
        for name, reader in _READERS:
            request = reader(fields)
            if request is not None:
                self.name = name
                return request
        return Aside.OTHER

    def day(self, line: bytes) -> int:
        """The day of a request; 0 for what is none."""
        request = self.read(line)
        return request.day if isinstance(request, LogRequest) else 0


def decode_fields(text: bytes) -> dict[str, object] | None:
    """The object in some bytes, which may be no UTF-8 and hold escapes that JSON has not; ``None`` if there is none."""
    for form in (_as_is, _tolerantly):
        try:
            fields = msgspec.json.decode(form(text))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        return fields if isinstance(fields, dict) else None
    return None


def _as_is(text: bytes) -> bytes:
    return text


def _tolerantly(text: bytes) -> bytes:
    r"""Each byte that is no UTF-8 as its Latin-1 character, and ``\\x`` as itself; what follows the object goes."""
    valid = text.decode("utf-8", "surrogateescape").translate(_STRAY).encode()
    return valid[: valid.rfind(b"}") + 1].replace(b"\\x", b"\\\\x")


_STRAY = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


def _text(fields: Fields, *names: str) -> bytes:
    """The first of some fields that holds text or a number, as bytes."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value:
            return value.encode("utf-8", "replace")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value).encode()
    return b""


def _within(fields: Fields, *path: str) -> object:
    """A value inside objects, whether these are nested or their names are joined by dots."""
    joined = fields.get(".".join(path))
    if joined is not None:
        return joined
    value: object = fields
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _inner(fields: Fields, *path: str) -> bytes:
    value = _within(fields, *path)
    return _text({"value": value}, "value")


def _when(fields: Fields, *names: str) -> Moment | None:
    for name in names:
        value = fields.get(name)
        moment = None
        if isinstance(value, int | float):
            moment = read_epoch(value)
        elif isinstance(value, str) and value:
            moment = _when_written(value.encode("utf-8", "replace"))
        if moment is not None:
            return moment
    return None


def _when_written(text: bytes) -> Moment | None:
    number = text.replace(b".", b"", 1)
    if number.isdigit() and len(number) >= len("1700000000"):
        return read_epoch(float(text))
    return read_iso(text) or read_clf(text.strip(b"[]"))


def _status(text: bytes) -> int:
    return int(text) if text.isdigit() and len(text) == 3 else 0  # noqa: PLR2004  status codes have three digits


def _build(
    when: Moment | None, source: bytes, asked: tuple[bytes, bytes], status: bytes, agent: bytes, referrer: bytes
) -> Line | None:
    if when is None:
        return None
    agent, referrer = (b"" if field == b"-" else field for field in (agent, referrer))
    return LogRequest(*when, source, *asked, _status(status), agent, referrer)


def _caddy(fields: Fields) -> Line | None:
    request = fields.get("request")
    if not isinstance(request, dict) or "uri" not in request or "method" not in request:
        return None
    headers = request.get("headers")
    named = headers if isinstance(headers, dict) else {}
    agent, referrer = _text(named, "User-Agent", "user-agent"), _text(named, "Referer", "referer")
    source = _text(request, "client_ip", "remote_ip", "remote_addr")
    asked = _text(request, "method"), _text(request, "uri")
    return _build(_when(fields, "ts", "time", "timestamp"), source, asked, _text(fields, "status"), agent, referrer)


def _cloudflare(fields: Fields) -> Line | None:
    if "ClientRequestURI" not in fields:
        return None
    return _build(
        _when(fields, "EdgeStartTimestamp", "EdgeEndTimestamp", "Datetime"), _text(fields, "ClientIP"),
        (_text(fields, "ClientRequestMethod"), _text(fields, "ClientRequestURI")), _text(fields, "EdgeResponseStatus"),
        _text(fields, "ClientRequestUserAgent"), _text(fields, "ClientRequestReferer"),
    )  # fmt: skip


def _traefik(fields: Fields) -> Line | None:
    if "RequestPath" not in fields or "RequestMethod" not in fields:
        return None
    return _build(
        _when(fields, "StartUTC", "StartLocal", "time"), _text(fields, "ClientHost", "ClientAddr"),
        (_text(fields, "RequestMethod"), _text(fields, "RequestPath")),
        _text(fields, "DownstreamStatus", "OriginStatus"), _text(fields, "request_User-Agent"),
        _text(fields, "request_Referer"),
    )  # fmt: skip


def _ecs(fields: Fields) -> Line | None:
    method = _inner(fields, "http", "request", "method")
    if not method:
        return None
    target = _inner(fields, "url", "original") or _inner(fields, "url", "path")
    if b"://" in target:
        _, slash, path = target.partition(b"://")[2].partition(b"/")
        target = slash + path or b"/"
    query = _inner(fields, "url", "query")
    if query and b"?" not in target:
        target += b"?" + query
    source = _inner(fields, "source", "ip") or _inner(fields, "client", "ip") or _inner(fields, "source", "address")
    status = _inner(fields, "http", "response", "status_code")
    return _build(
        _when(fields, "@timestamp"), source, (method, target), status, _inner(fields, "user_agent", "original"),
        _inner(fields, "http", "request", "referrer"),
    )  # fmt: skip


def _nginx(fields: Fields) -> Line | None:
    asked = _text(fields, "request_method", "method"), _text(fields, *_TARGETS)
    if not (asked[0] and asked[1]):
        line = _text(fields, "request")
        if not line and not isinstance(fields.get("request"), str):
            return None
        asked = split_request(line)
    status = _text(fields, "status", "response", "code")
    if not _status(status):
        return None
    return _build(
        _when(fields, *_TIMES), _text(fields, *_SOURCES), asked, status, _text(fields, *_AGENTS),
        _text(fields, *_REFERRERS),
    )  # fmt: skip


_READERS: tuple[tuple[str, Callable[[Fields], Line | None]], ...] = (
    ("caddy", _caddy),
    ("cloudflare", _cloudflare),
    ("traefik json", _traefik),
    ("ecs", _ecs),
    ("nginx json", _nginx),
)
