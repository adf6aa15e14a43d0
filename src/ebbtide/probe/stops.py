"""A request and where it goes."""

import msgspec

from ebbtide.model.outcomes import Failed, Skipped
from ebbtide.model.transcripts import Request
from ebbtide.probe.origins import Origin


class Stop(msgspec.Struct, frozen=True, gc=False):
    """One request and where it goes.

    Attributes:
        parent: Ordinal of the exchange whose redirect led here; ``None`` for the plan's own.
        visited: URLs of the chain of redirects so far.
        dead: Why it is not asked at all; ``None`` for all that are.
    """

    request: Request
    origin: Origin
    parent: int | None = None
    visited: tuple[str, ...] = ()
    dead: Failed | Skipped | None = None
