"""What was published in 2001, as data with its sources; facts of the record, not our measurements."""

from functools import cache
from importlib.resources import files

import msgspec


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a figure was published."""

    id: str
    words: str


class PublishedShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A percentage as it was published.

    Attributes:
        percent: 0 to 100.
        from_round: Set where it speaks of the same servers as an earlier month.
        qualifier: ``over``, ``under``, ``some``; empty where the figure was given plainly.
        of: The base where it is not the Microsoft-IIS sites; then it cannot be compared.
    """

    percent: float
    round: str
    source: str
    check: str = ""
    family: str = ""
    unit: str = ""
    from_round: str = ""
    qualifier: str = ""
    of: str = ""

    @property
    def text(self) -> str:
        """As it is printed: ``under 4 %``."""
        return f"{self.qualifier} {self.percent:g} %".strip()


class PublishedLeavers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many left a family, and how many of them run a competitor."""

    family: str
    unit: str
    round: str
    left: int
    competitor: int
    source: str


class Record2001(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything on record for the summer of 2001 that this survey sets itself beside."""

    sources: tuple[Source, ...]
    prevalence: tuple[PublishedShare, ...]
    same_servers: tuple[PublishedShare, ...]
    leavers: tuple[PublishedLeavers, ...]
    shares: tuple[PublishedShare, ...]

    def share_of(self, check: str, round_label: str) -> PublishedShare | None:
        """The published share of a check in a month, if there is one."""
        found = (row for row in self.prevalence if row.check == check and row.round == round_label)
        return next(found, None)

    def same_of(self, check: str, from_round: str, round_label: str) -> PublishedShare | None:
        """The published share of the same servers in a later month, if there is one."""
        for row in self.same_servers:
            if (row.check, row.from_round, row.round) == (check, from_round, round_label):
                return row
        return None

    def source_words(self, source: str) -> str:
        """The source in full."""
        return next(entry.words for entry in self.sources if entry.id == source)


@cache
def record_of_2001() -> Record2001:
    """The record, read once from the data that comes with the package."""
    text = files("ebbtide.publish").joinpath("data/published-2001.json").read_bytes()
    return msgspec.json.decode(text, type=Record2001)
