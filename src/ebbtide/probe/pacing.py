"""Rates: when the next request is admitted. Pure, and the same few steps however many requests there were."""

import math
from typing import Final

NEVER_BEFORE: Final = -math.inf
LATENESS_S: Final = 0.02
"""Being woken late by so much is made up for; nothing else is.

All spacings are longer by this share of a second, so that in no second, and no longer time, more than the rate is sent
(but for the one request that any stretch of time may hold beyond it).
"""

FIRST_BRAKE_S: Final = 0.05
"""Where no rate is set, those who say that it is too much slow us down from this spacing on."""

MOST_BRAKE: Final = 16.0
"""Troubles stretch the configured spacing at most so many times."""

TROUBLES_A_STEP: Final = 5
GOOD_A_STEP: Final = 10


class Pace:
    """A rate that can be slowed down, and never goes faster than it was set to.

    Args:
        rate_per_s: 0 means no limit.

    Attributes:
        next_s: When the next request is admitted.
        spacing_s: Seconds between two requests, as things stand; 0 means no limit.
    """

    __slots__ = ("_good", "_least_s", "_set_s", "_troubles", "next_s", "spacing_s")

    def __init__(self, rate_per_s: float) -> None:
        self._set_s = (1 + LATENESS_S) / rate_per_s if rate_per_s else 0.0
        self._least_s = self._set_s or FIRST_BRAKE_S
        self._troubles = 0
        self._good = 0
        self.next_s = NEVER_BEFORE
        self.spacing_s = self._set_s

    @property
    def is_braked(self) -> bool:
        """Whether troubles have slowed it down."""
        return self.spacing_s > self._set_s

    def take(self, now_s: float) -> None:
        """Note a request."""
        if self.spacing_s:
            self.next_s = max(self.next_s, now_s - LATENESS_S) + self.spacing_s

    def hold(self, until_s: float) -> None:
        """Admit nothing before a moment."""
        self.next_s = max(self.next_s, until_s)

    def note_trouble(self, *, is_told: bool = False) -> bool:
        """Somebody did not answer, or broke off; several in a row slow us down, where there is a rate at all.

        Args:
            is_told: They said themselves that it is too much, which slows us down at once.

        Returns:
            Whether the spacing has grown.
        """
        self._good = 0
        self._troubles += 1
        if not is_told and (not self._set_s or self._troubles % TROUBLES_A_STEP):
            return False
        before_s = self.spacing_s
        self.spacing_s = min(2 * max(before_s, self._least_s), MOST_BRAKE * self._least_s)
        return self.spacing_s > before_s

    def note_good(self) -> None:
        """Somebody answered; many in a row give back what was taken."""
        self._troubles = 0
        if self.spacing_s == self._set_s:
            return
        self._good += 1
        if self._good % GOOD_A_STEP == 0:
            halved_s = self.spacing_s / 2
            self.spacing_s = halved_s if halved_s > self._least_s else self._set_s
