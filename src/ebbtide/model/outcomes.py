"""How asking a target can end: a closed set, and the table of stages and faults that may meet."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec


class Stage(StrEnum):
    """How far a conversation had come when it failed."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    REQUEST = "request"
    RESPONSE = "response"


class Fault(StrEnum):
    """What went wrong; ``INTERNAL_ERROR`` is our own fault, all others are observations."""

    REFUSED = "refused"
    RESET = "reset"
    CLOSED_EARLY = "closed_early"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    NAME_NOT_FOUND = "name_not_found"
    DNS_FAILED = "dns_failed"
    TLS_ALERT = "tls_alert"
    TLS_PROTOCOL = "tls_protocol"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_LIMIT = "redirect_limit"
    BAD_ENCODING = "bad_encoding"
    PROTOCOL_ERROR = "protocol_error"
    TOO_LARGE = "too_large"
    INTERNAL_ERROR = "internal_error"


class SkipReason(StrEnum):
    """Why our own rules forbade to ask."""

    OUT_OF_SCOPE = "out_of_scope"
    OPTED_OUT = "opted_out"
    LEVEL = "level"
    ROBOTS = "robots"


LEGAL_FAULTS: Mapping[Stage, frozenset[Fault]] = MappingProxyType(
    {
        Stage.RESOLVE: frozenset({Fault.NAME_NOT_FOUND, Fault.DNS_FAILED, Fault.TIMED_OUT, Fault.INTERNAL_ERROR}),
        Stage.CONNECT: frozenset(
            {Fault.REFUSED, Fault.RESET, Fault.TIMED_OUT, Fault.UNREACHABLE, Fault.INTERNAL_ERROR}
        ),
        Stage.TLS: frozenset(
            {
                Fault.RESET,
                Fault.CLOSED_EARLY,
                Fault.TIMED_OUT,
                Fault.TLS_ALERT,
                Fault.TLS_PROTOCOL,
                Fault.INTERNAL_ERROR,
            }
        ),
        Stage.REQUEST: frozenset({Fault.RESET, Fault.CLOSED_EARLY, Fault.TIMED_OUT, Fault.INTERNAL_ERROR}),
        Stage.RESPONSE: frozenset(
            {
                Fault.RESET,
                Fault.CLOSED_EARLY,
                Fault.TIMED_OUT,
                Fault.TLS_ALERT,
                Fault.TLS_PROTOCOL,
                Fault.REDIRECT_LOOP,
                Fault.REDIRECT_LIMIT,
                Fault.BAD_ENCODING,
                Fault.PROTOCOL_ERROR,
                Fault.TOO_LARGE,
                Fault.INTERNAL_ERROR,
            }
        ),
    }
)
"""Which fault can be met at which stage; ``REQUEST`` lasts until our last byte is handed over."""


class Answered(msgspec.Struct, frozen=True, gc=False, tag="answered", tag_field="kind"):
    """A whole response was read, whatever its status code, or as much of its body as the cap admits."""


class Failed(msgspec.Struct, frozen=True, gc=False, tag="failed", tag_field="kind"):
    """No response, or a broken one. What was read of it is kept in the exchange.

    Raises:
        ValueError: The pair of stage and fault is not in ``LEGAL_FAULTS``.
    """

    stage: Stage
    fault: Fault
    detail: str = ""

    def __post_init__(self) -> None:
        if self.fault not in LEGAL_FAULTS[self.stage]:
            raise ValueError(f"{self.fault} cannot happen at stage {self.stage}")


class Skipped(msgspec.Struct, frozen=True, gc=False, tag="skipped", tag_field="kind"):
    """Our rules forbade it; not one packet was sent for it."""

    reason: SkipReason
    detail: str = ""


Outcome = Answered | Failed | Skipped
