"""Addresses that gave no answer just now: their other names are not made to knock at the same closed door."""

from collections import OrderedDict
from typing import Final

from ebbtide.model.outcomes import Failed, Fault, Stage

HELD_S: Final = 60.0
MOST_HELD: Final = 65_536
SILENT_BEFORE: Final = "the address was silent just before"
_SILENT: Final = frozenset({Fault.TIMED_OUT, Fault.UNREACHABLE})


class Silences:
    """Remembers for a minute where a connection timed out or no way led.

    Whether an endpoint takes connections has nothing to do with the name that it is asked for. Asking once for each of
    a thousand names would send a thousand times the packets, and keep one connection an address busy for hours.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, int], tuple[float, Fault, str]] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._held)

    def note(self, address: str, port: int, host: str, failed: Failed, now_s: float) -> None:
        """Remember a connection that failed, if it failed by silence."""
        if failed.stage is not Stage.CONNECT or failed.fault not in _SILENT:
            return
        self._held[address, port] = (now_s, failed.fault, host)
        self._held.move_to_end((address, port))
        while len(self._held) > MOST_HELD or now_s - next(iter(self._held.values()))[0] > HELD_S:
            self._held.popitem(last=False)

    def recall(self, address: str, port: int, now_s: float) -> Failed | None:
        """The failure that stands for another attempt now; ``None`` if none is fresh enough."""
        held = self._held.get((address, port)) if self._held else None
        if held is None:
            return None
        since_s, fault, host = held
        if now_s - since_s > HELD_S:
            del self._held[address, port]
            return None
        return Failed(Stage.CONNECT, fault, f"{SILENT_BEFORE}, asked for {host}")
