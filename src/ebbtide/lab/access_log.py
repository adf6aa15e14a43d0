"""The lab's own record of who asked for what: one JSON line a request, written before the answer."""

import os
from pathlib import Path

import msgspec

MOST_TEXT = 1000


class AccessLine(msgspec.Struct, frozen=True):
    """One request that reached a server, answered or not.

    Attributes:
        time_ns: When it was whole, nanoseconds since 1970, UTC.
        address: Of the server.
        host: The ``Host`` field as sent; empty if none.
        method: As sent.
        path: Path and query as sent, Latin-1.
        user_agent: As sent; empty if none.
        connection: Which connection to this address since the lab was started, from 1. A gap means that a connection
            ended before a request was whole.
        request: Which request on this connection, from 1.
        status: Of the reply; 0 if the server hung up instead.
    """

    time_ns: int
    address: str
    host: str
    method: str
    path: str
    user_agent: str
    connection: int
    request: int
    status: int


class AccessLog:
    """Appends lines to a file; a line is handed to the operating system before its request is answered."""

    def __init__(self, path: Path | None) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._file = None
        if path is not None:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    @property
    def is_kept(self) -> bool:
        """Whether there is a file at all."""
        return self._file is not None

    def add(self, line: AccessLine) -> None:
        """Write a line."""
        rest = memoryview(self._encode(line) + b"\n")
        while self._file is not None and rest:
            rest = rest[os.write(self._file, rest) :]

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
