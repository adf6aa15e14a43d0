"""Functions on times. The time of day itself is no pure value: only times that are given."""

from datetime import UTC, datetime

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.functions.texts import as_characters, as_octets
from ebbtide.judge.templates.dsl.values import DslError, Value, as_number, as_text

_FORMATS = (
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M %z",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%a, %d %b %Y %H:%M:%S %Z",
    "%a, %d %b %Y %H:%M:%S %z",
)
_PIECES = {
    "%Y": "%Y", "%y": "%y", "%M": "%m", "%D": "%d", "%H": "%H", "%m": "%M", "%S": "%S", "%s": "%S", "%d": "%d",
    "%h": "%I", "%p": "%p", "%B": "%B", "%b": "%b", "%A": "%A", "%a": "%a",
}  # fmt: skip
"""The language's own letters: months are ``%M`` and days ``%D``, minutes ``%m``."""


@takes(1, 2)
def _to_unix_time(arguments: Arguments) -> Value:
    text = as_characters(as_text(arguments[0])).strip()
    for form in _FORMATS:
        try:
            read = datetime.strptime(text, form)  # noqa: DTZ007  (the zone is added below)
        except ValueError:
            continue
        return float(int(read.replace(tzinfo=read.tzinfo or UTC).timestamp()))
    raise DslError("the time is written in none of the usual ways")


@takes(2)
def _date_time(arguments: Arguments) -> Value:
    form = as_characters(as_text(arguments[0]))
    try:
        given = datetime.fromtimestamp(as_number(arguments[1]), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DslError("there is no such time") from error
    out, at = [], 0
    while at < len(form):
        piece = form[at : at + 2]
        out.append(given.strftime(_PIECES[piece]) if piece in _PIECES else form[at])
        at += 2 if piece in _PIECES else 1
    return as_octets("".join(out))


TIMES: dict[str, Function] = {"to_unix_time": _to_unix_time, "date_time": _date_time}
