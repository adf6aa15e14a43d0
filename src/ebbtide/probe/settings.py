"""What a run of the probe is told: frozen values that can be handed to another process."""

import msgspec

from ebbtide.conduct.scope import Scope
from ebbtide.model.configuration import CapsSection, ClocksSection, LimitsSection
from ebbtide.model.targets import Level, Target


class ProbeSettings(msgspec.Struct, frozen=True):
    """How to ask.

    Attributes:
        user_agent: From ``conduct.identity``; never a browser's.
        scope: Decides on every address before it is connected to.
        vantage: Where we look from; written into every transcript.
    """

    user_agent: str
    clocks: ClocksSection
    caps: CapsSection
    limits: LimitsSection
    scope: Scope
    vantage: str = ""


class Assignment(msgspec.Struct, frozen=True):
    """One target to ask once.

    Attributes:
        addresses: Pinned or resolved; tried in order until one accepts a connection.
        attempt: 1 for the first attempt in the round, rising.
        level: What the target's authority allows.
    """

    target: Target
    addresses: tuple[str, ...]
    attempt: int
    level: Level
