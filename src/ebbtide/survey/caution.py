"""Caution: a first share before the rest, and a hand on the brake. Pure: told how targets end, it says go or stop.

A hit rate or an error rate that leaves its band means that something is wrong with us or with our way out, and that
asking on would only annoy people.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Mapping

from ebbtide.model.configuration import CautionSection
from ebbtide.model.outcomes import Fault
from ebbtide.rounds.rows import ANSWERED, SKIPPED

ERRORS = frozenset(str(fault) for fault in (Fault.UNREACHABLE, Fault.RESET, Fault.DNS_FAILED, Fault.INTERNAL_ERROR))
"""Ends that may be our own doing, or that of a filter in front of us; a refusal or a silence is the other's."""

BY_HAND = "the operator interrupted it"
_DRAWN_BYTES = 8


class Brake:
    """Watches the latest finished targets of a run.

    Args:
        section: ``[caution]``.
        is_on: Whether it is held to at all.
        is_interrupted: Whether the operator wants to end the run; once it says so, the brake is pulled.
    """

    def __init__(
        self, section: CautionSection, *, is_on: bool, is_interrupted: Callable[[], bool] = lambda: False
    ) -> None:
        self._section = section
        self._is_on = is_on
        self._is_interrupted = is_interrupted
        self._latest: deque[tuple[int, int, int]] = deque()
        self._finished = self._answered = self._errors = 0
        self.why = ""

    @property
    def is_pulled(self) -> bool:
        """Whether the run must stop; once it must, it stays so."""
        if not self.why and self._is_interrupted():
            self.why = BY_HAND
        return bool(self.why)

    @property
    def is_pulled_by_hand(self) -> bool:
        """Whether the operator stopped the run."""
        return self.why == BY_HAND

    def note(self, endings: Mapping[str, int]) -> None:
        """Take how some targets ended.

        Args:
            endings: ``answered``, ``skipped`` or a fault, with the number of targets. The skipped do not count: they
                cost no packet. The window is that of the latest notes which together hold ``window`` targets.
        """
        finished = sum(count for ending, count in endings.items() if ending != SKIPPED)
        errors = sum(count for ending, count in endings.items() if ending in ERRORS)
        if not self._is_on or not finished:
            return
        self._shift(1, (finished, endings.get(ANSWERED, 0), errors))
        while self._finished - self._latest[0][0] >= self._section.window:
            self._shift(-1, self._latest[0])
        self.why = self.why or self._judged()

    def _shift(self, sign: int, note: tuple[int, int, int]) -> None:
        if sign > 0:
            self._latest.append(note)
        else:
            self._latest.popleft()
        self._finished += sign * note[0]
        self._answered += sign * note[1]
        self._errors += sign * note[2]

    def _judged(self) -> str:
        """Why to stop; empty if all is well."""
        if self._finished * 10 < self._section.window:
            return ""
        if self._answered < self._section.least_answered * self._finished:
            return (
                f"of the latest {self._finished:,} targets only {self._answered:,} answered, less than the share "
                f"{self._section.least_answered:g} of caution.least_answered"
            )
        if self._answered > self._section.most_answered * self._finished:
            return (
                f"of the latest {self._finished:,} targets {self._answered:,} answered, more than the share "
                f"{self._section.most_answered:g} of caution.most_answered: something may answer for all"
            )
        if self._errors > self._section.most_errors * self._finished:
            return (
                f"of the latest {self._finished:,} targets {self._errors:,} ended in an error that may be our own, "
                f"more than the share {self._section.most_errors:g} of caution.most_errors"
            )
        return ""


class Gate:
    """Lets the first share of a round through and counts who waits.

    Args:
        salt: The survey's secret.
        share: From ``first_share``; 1 lets everybody through.
    """

    def __init__(self, salt: bytes, share: float) -> None:
        self._salt = salt
        self._share = share
        self.held_back = 0

    def admits(self, target_id: bytes) -> bool:
        """Whether a target that is to be asked may be asked now."""
        if self._share >= 1 or is_in_first_share(target_id, self._salt, self._share):
            return True
        self.held_back += 1
        return False


def first_share(section: CautionSection, targets: int) -> float:
    """The share of a round that is asked before the rest waits.

    Args:
        section: ``[caution]``.
        targets: Planned.

    Returns:
        1 if nobody is to wait; never so small that fewer than about ``first_least`` are asked.
    """
    if not section.first_share or targets <= section.first_least:
        return 1.0
    return max(section.first_share, section.first_least / targets)


def is_in_first_share(target_id: bytes, salt: bytes, share: float) -> bool:
    """Whether a target belongs to the share that is asked first: drawn by chance, the same at every run.

    Args:
        target_id: Of the target.
        salt: The survey's secret.
        share: From ``first_share``.
    """
    drawn = hashlib.blake2b(target_id, key=salt, person=b"ebbtide-first", digest_size=_DRAWN_BYTES).digest()
    return int.from_bytes(drawn, "big") < share * (1 << (8 * _DRAWN_BYTES))
