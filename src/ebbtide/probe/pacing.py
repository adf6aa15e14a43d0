"""Rates: when the next request is admitted. Pure, and the same few steps however many requests there were."""

import math
from typing import Final

NEVER_BEFORE: Final = -math.inf
LATENESS_S = 0.02
"""Being woken late by so much is made up for; nothing else is."""

FIRST_BRAKE_S = 0.05
"""Where no rate is set, troubles slow down from this spacing on."""

MOST_BRAKE = 16.0
"""Troubles stretch the configured spacing at most so many times."""

TROUBLES_A_STEP = 5
GOOD_A_STEP = 10


class Pace:
    """A rate that can be slowed down, and never goes faster than it was set to.

    Args:
        rate_per_s: 0 means no limit.
    """

    __slots__ = ("_braked_s", "_good", "_next_s", "_spacing_s", "_troubles")

    def __init__(self, rate_per_s: float) -> None:
        self._spacing_s = 1 / rate_per_s if rate_per_s else 0.0
        self._next_s = NEVER_BEFORE
        self._braked_s = 0.0
        self._troubles = 0
        self._good = 0

    @property
    def spacing_s(self) -> float:
        """Seconds between two requests, as things stand."""
        return max(self._spacing_s, self._braked_s)

    @property
    def is_braked(self) -> bool:
        """Whether troubles have slowed it down."""
        return self._braked_s > 0

    def ready_at_s(self) -> float:
        """When the next request is admitted."""
        return self._next_s

    def take(self, now_s: float) -> None:
        """Note a request."""
        spacing_s = self._braked_s or self._spacing_s
        if spacing_s:
            self._next_s = max(self._next_s, now_s - LATENESS_S) + spacing_s

    def hold(self, until_s: float) -> None:
        """Admit nothing before a moment."""
        self._next_s = max(self._next_s, until_s)

    def note_trouble(self, *, is_told: bool = False) -> bool:
        """Somebody did not answer, or broke off; several in a row slow us down.

        Args:
            is_told: They said themselves that it is too much, which slows us down at once.

        Returns:
            Whether the spacing has grown.
        """
        self._good = 0
        self._troubles += 1
        if not is_told and self._troubles % TROUBLES_A_STEP:
            return False
        least_s = self._spacing_s or FIRST_BRAKE_S
        before_s = self._braked_s
        self._braked_s = min(2 * (before_s or least_s), MOST_BRAKE * least_s)
        return self._braked_s > before_s

    def note_good(self) -> None:
        """Somebody answered; many in a row give back what was taken."""
        self._troubles = 0
        if not self._braked_s:
            return
        self._good += 1
        if self._good % GOOD_A_STEP == 0:
            halved_s = self._braked_s / 2
            self._braked_s = halved_s if halved_s > (self._spacing_s or FIRST_BRAKE_S) else 0.0
