"""Texts turned into replies: the head is made once, the body has its placeholders filled for each request."""

import datetime as dt
import html
import re
from collections.abc import Mapping
from email.utils import format_datetime

from ebbtide.lab.scenario_records import Scenario, Text

PLACEHOLDERS = ("host", "path", "name", "file", "patch_mark", "month", "date")
MOST_ECHOED = 300
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_NOT_PRINTABLE = re.compile(rb"[^!-~]")


class Page:
    """One text, with the ``Server`` field of one server: bytes but for the placeholders."""

    def __init__(self, text: Text, banner: str | None, date: str, suffix: str = "") -> None:
        """Prepare a page.

        Args:
            text: What is said.
            banner: Value of the ``Server`` field; ``None``: no field.
            date: Value of the ``Date`` field.
            suffix: Appended to the body, as a worm does.
        """
        self.status = text.status
        self.charset = text.charset
        pieces = _PLACEHOLDER.split(text.body + suffix)
        # split() gives text, name, text, name, ..., text.
        self._pieces = [piece.encode(text.charset, "xmlcharrefreplace") for piece in pieces[::2]]
        self._names = pieces[1::2]
        self._fixed = self._pieces[0] if not self._names else None
        self.head = _head(text, banner, date)

    def body(self, values: Mapping[str, bytes]) -> bytes:
        """Fill the placeholders; those without a value become nothing."""
        if self._fixed is not None:
            return self._fixed
        parts = [self._pieces[0]]
        for name, piece in zip(self._names, self._pieces[1:], strict=True):
            parts.append(values.get(name, b""))
            parts.append(piece)
        return b"".join(parts)


def _head(text: Text, banner: str | None, date: str) -> bytes:
    """Everything of the head before the value of ``Content-Length``, which comes last."""
    kind = f"{text.content_type}; charset={text.charset}" if text.declares_charset else text.content_type
    lines = [f"HTTP/1.1 {text.status} {text.reason}"]
    if banner is not None:
        lines.append(f"Server: {banner}")
    lines.append(f"Date: {date}")
    if kind:
        lines.append(f"Content-Type: {kind}")
    lines += [f"{name}: {value}" for name, value in text.fields.items()]
    return "\r\n".join([*lines, "Content-Length: "]).encode("latin-1")


def echo(path: bytes) -> bytes:
    """Make a requested path fit to stand in a page: printable ASCII, escaped, bounded."""
    printable = _NOT_PRINTABLE.sub(lambda match: b"%%%02X" % match[0][0], path[:MOST_ECHOED])
    return html.escape(printable.decode("ascii")).encode("ascii")


def http_date(scenario: Scenario, month: str) -> str:
    """Noon of the month's reference date, for the lab declares its own clock."""
    date = dt.date.fromisoformat(scenario.months[month].date)
    noon = dt.datetime(date.year, date.month, date.day, 12, tzinfo=dt.UTC)
    return format_datetime(noon, usegmt=True)
