"""The addresses of one target, tried in order until one takes the call."""

from ebbtide.model.outcomes import Failed
from ebbtide.probe.faults import more_telling


class Doors:
    """Where one target can be reached.

    Args:
        addresses: Those that the scope admits, in order; at least one.

    Attributes:
        address: The one that is tried, or that took the call.
    """

    __slots__ = ("_failed_address", "_failure", "_left", "address")

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self.address = addresses[0]
        self._left = addresses[1:]
        self._failure: Failed | None = None
        self._failed_address = ""

    @property
    def has_failed(self) -> bool:
        """Whether some address did not take the call."""
        return self._failure is not None

    def note(self, failed: Failed) -> None:
        """The present address did not take the call."""
        if more_telling(self._failure, failed):
            self._failure, self._failed_address = failed, self.address

    def go_on(self) -> bool:
        """Turn to the next address; false if there is none."""
        if not self._left:
            return False
        self.address, self._left = self._left[0], self._left[1:]
        return True

    def give_up(self) -> None:
        """Try no other."""
        self._left = ()

    def forget(self) -> None:
        """What failed so far says nothing of what comes now: another port is tried."""
        self._failure = None

    def verdict(self, failed: Failed) -> tuple[Failed, str]:
        """The most telling of the failures, and where it happened; ``failed`` if there was no other."""
        return (failed, self.address) if self._failure is None else (self._failure, self._failed_address)
