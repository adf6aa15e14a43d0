"""What a run of the probe is told: frozen values that can be handed to another process."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import msgspec

from ebbtide.conduct.operators import Operators
from ebbtide.conduct.scope import Scope
from ebbtide.model.configuration import CapsSection, ClocksSection, LimitsSection, RedirectRule
from ebbtide.model.targets import Level, Target
from ebbtide.model.transcripts import Resolution
from ebbtide.probe.redirects import Hop


class ProbeSettings(msgspec.Struct, frozen=True):
    """How to ask.

    Attributes:
        user_agent: From ``conduct.identity``; never a browser's.
        scope: Decides on every address before it is connected to.
        vantage: Where we look from; written into every transcript.
        redirects: How far the redirects of ``/`` are followed.
        most_redirects: Hops in one chain.
        operators: Which networks share a limit; ``None`` if no table is given.
        robots: Whether robots.txt decides on named paths.
        source: Address of this machine to ask from; empty: the kernel's choice.
    """

    user_agent: str
    clocks: ClocksSection
    caps: CapsSection
    limits: LimitsSection
    scope: Scope
    vantage: str = ""
    redirects: RedirectRule = RedirectRule.NONE
    most_redirects: int = 5
    operators: Operators | None = None
    robots: bool = False
    source: str = ""


class Assignment(msgspec.Struct, frozen=True, gc=False):
    """One target to ask once.

    Attributes:
        addresses: Pinned or resolved; tried in order until one accepts a connection.
        attempt: 1 for the first attempt in the round, rising.
        level: What the target's authority allows.
        hop: A redirect to follow instead of the plan, found in an earlier conversation of the same attempt.
        resolution: What the name system said; ``None`` if it was not asked.
    """

    target: Target
    addresses: tuple[str, ...]
    attempt: int
    level: Level
    hop: Hop | None = None
    resolution: Resolution | None = None


class Neighbours(Protocol):
    """The assignments of one prefix (/24 or /48), by their first address; read only as turns come free."""

    @property
    def prefix(self) -> str:
        """As ``frame.ids.prefix_of`` has it."""

    def addresses(self) -> Iterator[tuple[str, Iterator[Assignment]]]:
        """Each address of the prefix once, with its assignments."""


@runtime_checkable
class Grouped(Protocol):
    """Assignments that are sorted by prefix and address already, so that nobody needs to hold those who wait."""

    def neighbours(self) -> Iterator[Neighbours]:
        """Each prefix once."""

    def is_stopped(self) -> bool:
        """Whether nobody new is to be asked; once it says so, no iterator gives anything more."""
