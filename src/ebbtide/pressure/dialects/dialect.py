"""What every dialect can do."""

from ebbtide.pressure.exposure import Span
from ebbtide.pressure.records import Line
from ebbtide.pressure.stamps import Moment


class Dialect:
    """A way to write a log, with what the directives of one file have said so far.

    Attributes:
        name: As reports have it.
        directive: How lines begin that change how later lines are read; empty if there are none.
    """

    name = ""
    directive = b""

    @property
    def spans(self) -> list[Span] | None:
        """When whoever writes the log was up, as far as it has been read; ``None`` if the log does not tell."""
        return None

    def read(self, line: bytes) -> Line:
        """Read a line without its line end; never raises."""
        raise NotImplementedError

    def cut(self, line: bytes) -> tuple[bytes, bytes, bytes] | None:
        """A line as who asked, when, and what; ``None`` if it can only be read as a whole.

        Of two lines that are requests, those with the same first part have the same source, and those with the same
        last part the same of all else that ``read`` tells; ``moment`` reads the middle one.
        """
        del line
        return None

    def moment(self, stamp: bytes) -> Moment | None:
        """Day and time of the middle part of a line that was cut; ``None`` if it has none."""
        del stamp
        return None

    def day(self, line: bytes) -> int:
        """The day of a line, as ``LogRequest.day``; 0 if it has none."""
        raise NotImplementedError

    def day_token(self, day: int) -> bytes:
        """What stands once in every line of a day and in no other; empty if there is no such thing."""
        del day
        return b""

    def direct(self, line: bytes) -> None:
        """Take note of a directive."""
