"""Samples of signatures as requests."""

import datetime as dt

from ebbtide.pressure.normalising import unescape_log
from ebbtide.pressure.records import LogRequest
from ebbtide.pressure.stamps import DAY_S, EPOCH_DAY

_DAY = dt.date(2026, 8, 1).toordinal()


def sample_request(sample: str) -> LogRequest:
    r"""A sample as the request that it describes.

    Args:
        sample: ``METHOD target``, then perhaps ``| User-Agent``; ``{N*224}`` stands for N repeated 224 times, and
            ``\\xNN`` for an octet.
    """
    asked, _, agent = sample.partition(" | ")
    method, _, target = asked.partition(" ")
    octets = unescape_log(_repeated(target).encode())
    return LogRequest(
        _DAY, (_DAY - EPOCH_DAY) * DAY_S, b"192.0.2.1", method.encode(), octets, 404, agent.strip().encode()
    )


def _repeated(text: str) -> str:
    """Write repetitions out."""
    before, opened, rest = text.partition("{")
    inside, closed, after = rest.partition("}")
    piece, star, count = inside.rpartition("*")
    if not opened:
        return text
    if closed and star and count.isdigit():
        return before + piece * int(count) + _repeated(after)
    return before + opened + _repeated(rest)
