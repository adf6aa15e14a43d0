"""What an exchange says about our pace: too much, trouble, or all well."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from ebbtide.model.outcomes import Answered, Failed, Fault
from ebbtide.probe.raw import RawExchange
from ebbtide.probe.silences import SILENT_BEFORE

MOST_HOLD_S = 60.0
"""A server that asks for more than this is left alone for so long, and its prefix slowed down as by any other."""

TOO_MANY_REQUESTS = 429
UNAVAILABLE = 503
_TROUBLES = frozenset({Fault.TIMED_OUT, Fault.RESET, Fault.CLOSED_EARLY})
_MOST_DIGITS = 9
_NS_PER_S: Final = 1_000_000_000


class Advice(msgspec.Struct, frozen=True):
    """What follows for our pace.

    Attributes:
        is_trouble: Several in a row slow the prefix down.
        is_told: The server said itself that it is too much: the prefix is slowed down at once.
        hold_s: The address is left alone for so long.
    """

    is_trouble: bool = False
    is_told: bool = False
    hold_s: float = 0.0


GOOD = Advice()
_TROUBLE = Advice(is_trouble=True)


def advice_of(exchange: RawExchange) -> Advice:
    """Judge one exchange by its outcome, status code and Retry-After (RFC 9110, 10.2.3; RFC 6585, 4)."""
    outcome = exchange.outcome
    if isinstance(outcome, Failed):
        is_second_hand = outcome.detail.startswith(SILENT_BEFORE)
        return _TROUBLE if outcome.fault in _TROUBLES and not is_second_hand else GOOD
    if not isinstance(outcome, Answered) or exchange.status not in (TOO_MANY_REQUESTS, UNAVAILABLE):
        return GOOD
    told = exchange.masked()
    wait_s = retry_after_s(told.field_values(b"retry-after"), told.asked_at_ns)
    if wait_s is None:
        return Advice(is_trouble=True, is_told=exchange.status == TOO_MANY_REQUESTS)
    return Advice(is_trouble=True, is_told=True, hold_s=min(wait_s, MOST_HOLD_S))


def retry_after_s(values: tuple[bytes, ...], now_ns: int) -> float | None:
    """How long a server wants to be left alone: a number of seconds, or a date; ``None`` if it names neither."""
    text = values[0].strip().decode("latin-1") if values else ""
    if text.isascii() and text.isdigit():
        return float(text[:_MOST_DIGITS])
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, until.replace(tzinfo=until.tzinfo or UTC).timestamp() - now_ns / _NS_PER_S)
