"""What a round will cost: how long it takes and how many octets it moves, from the limits and from an earlier round."""

import math
import operator
from array import array
from zlib import crc32

import msgspec

from ebbtide.frame.ids import prefix_of
from ebbtide.model.configuration import SurveyConfig

_CELLS = 1 << 22
_REQUEST_BYTES = 300
"""About what a request of ours has, User-Agent included."""


class PerTarget(msgspec.Struct, frozen=True):
    """What one target costs on average.

    Attributes:
        received_bytes: For one exchange.
        elapsed_s: From the first packet to the last, silent targets included.
        source: Label of the round in which it was measured; empty if it is assumed.
    """

    received_bytes: float = 8_000.0
    elapsed_s: float = 1.5
    source: str = ""


class Effort(msgspec.Struct, frozen=True):
    """What a round will cost.

    Attributes:
        asking_s: About so long until everybody was asked once.
        bound: What it hangs on: the rate in all, that of the busiest network, that of looking up names, or the targets
            in flight.
        confirmed_s: Until those who gave no answer were asked again, too.
        bytes_about, bytes_most: Octets in both directions; the second if everybody sent as much as the caps admit,
            at every attempt.
    """

    asking_s: float
    bound: str
    confirmed_s: float
    bytes_about: int
    bytes_most: int


class Networks:
    """Counts the targets in each /24 or /48, in memory of one fixed size.

    Networks share a cell by chance once there are very many: the busiest then looks a little busier than it is, and the
    number of networks is an estimate (linear counting; Whang, Vander-Zanden and Taylor 1990).
    """

    def __init__(self) -> None:
        self.cells = array("I", bytes(4 * _CELLS))

    def add(self, address: str) -> None:
        """Take the address of one target."""
        network = prefix_of(address) if ":" in address else address[: address.rindex(".")]
        self.cells[crc32(network.encode()) % _CELLS] += 1

    def add_all(self, others: "Networks") -> None:
        """Take the addresses that others took."""
        self.cells = array("I", map(operator.add, self.cells, others.cells))

    @property
    def busiest(self) -> int:
        """Targets in the busiest network."""
        return max(self.cells)

    @property
    def count(self) -> int:
        """About how many networks there are; exact where they are few."""
        empty = self.cells.count(0)
        return round(_CELLS * math.log(_CELLS / max(1, empty)))


def estimate_effort(
    config: SurveyConfig,
    *,
    asked: int,
    busiest: int,
    names: int,
    most_requests: int,
    core: int,
    processes: int,
    each: PerTarget,
) -> Effort:
    """Estimate what it takes to ask.

    Args:
        config: Limits, caps, attempts.
        asked: Targets.
        busiest: Targets in the busiest network, as far as it is known.
        names: Targets whose name is looked up first.
        most_requests: At most so many a target in one attempt.
        core: At least so many.
        processes: Workers.
        each: What one target costs.

    Returns:
        The time is the longest of four: the core requests to all targets at the rate in all, those to the busiest
        network at its rate, the questions about names at the rate of looking up (one for each family), and all targets
        at the average time each, so many in flight.
    """
    limits = config.limits
    questions = names * (1 if config.names.families in ("ipv4", "ipv6") else 2)
    bounds = {
        "the targets in flight": asked * each.elapsed_s / (limits.in_flight * processes),
        "the rate in all": _duration(asked * core, limits.requests_per_s),
        "the rate of the busiest network": _duration(busiest * core, limits.requests_per_prefix_s),
        "the rate of looking up names": _duration(questions, config.names.questions_per_s),
    }
    bound = max(bounds, key=lambda name: bounds[name])
    again_s = config.attempts.spacing_s * (config.attempts.silent_after - 1)
    largest = _REQUEST_BYTES + config.caps.head_bytes + config.caps.body_bytes
    return Effort(
        asking_s=bounds[bound],
        bound=bound,
        confirmed_s=bounds[bound] + again_s,
        bytes_about=round(asked * core * (_REQUEST_BYTES + each.received_bytes)),
        bytes_most=asked * config.attempts.most * most_requests * largest,
    )


def _duration(count: int, rate_per_s: float) -> float:
    """Seconds; 0 without a limit."""
    return count / rate_per_s if rate_per_s else 0.0
