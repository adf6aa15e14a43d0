"""Sources as numbers: an IPv4 address, an IPv4 prefix and a hash is its own number, whatever else stands in a table."""

from functools import lru_cache
from ipaddress import IPv4Address

from ebbtide.pressure.sources import UNKNOWN, Keeping

FIRST_TEXT = 1 << 32
"""Numbers from here on stand for texts, unless sources are kept as hashes."""

_V4_PREFIX = ".0/24"
_UNKNOWN_HASH = 0


class SourceNumbers:
    """Numbers of sources, given out as they come. Only those that are no IPv4 address take memory.

    Args:
        keeping: How sources are kept.

    Attributes:
        texts: Sources that are no number by themselves, by number less ``FIRST_TEXT``.
    """

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, kept: str) -> int:
        """The number of a source, as the policy keeps it."""
        if self._keeping is Keeping.HASH:
            return _UNKNOWN_HASH if kept == UNKNOWN else int(kept, 16)
        is_prefix = self._keeping is Keeping.PREFIX
        if not is_prefix or kept.endswith(_V4_PREFIX):
            address = _v4_number(kept.removesuffix("/24") if is_prefix else kept)
            if address is not None:
                return address
        number = self._numbers.get(kept)
        if number is None:
            number = self._numbers[kept] = FIRST_TEXT + len(self.texts)
            self.texts.append(kept)
        return number

    def text(self, number: int) -> str:
        """The source that a number stands for."""
        if self._keeping is Keeping.HASH:
            return UNKNOWN if number == _UNKNOWN_HASH else f"{number:016x}"
        if number >= FIRST_TEXT:
            return self.texts[number - FIRST_TEXT]
        return f"{IPv4Address(number)}/24" if self._keeping is Keeping.PREFIX else str(IPv4Address(number))


@lru_cache(maxsize=16_384)
def _v4_number(text: str) -> int | None:
    try:
        return int(IPv4Address(text))
    except ValueError:
        return None
