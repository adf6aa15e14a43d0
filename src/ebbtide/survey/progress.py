"""How far long work has come."""

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """A report that is made several times a second.

    Attributes:
        done: Targets (or shards) finished.
        total: In all; 0 while that is not known.
        what: What is being done.
        outcomes: How many ended how.
        in_flight: Targets that are being asked.
        slowed: How often a prefix was slowed down.
        bugs: Mistakes of ours that became a target's outcome.
    """

    done: int
    total: int
    what: str
    outcomes: dict[str, int]
    in_flight: int = 0
    slowed: int = 0
    bugs: int = 0
