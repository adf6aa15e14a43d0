"""What the kernel and OpenSSL report, in the words of ``model.outcomes``."""

import errno
from collections.abc import Sequence

from ebbtide.model.outcomes import Failed, Fault, Stage
from ebbtide.probe.network import TlsFailure

_CONNECT_FAULTS = {
    errno.ECONNREFUSED: Fault.REFUSED,
    errno.ECONNRESET: Fault.RESET,
    errno.ECONNABORTED: Fault.RESET,
    errno.EPIPE: Fault.RESET,
    errno.ETIMEDOUT: Fault.TIMED_OUT,
    errno.ENETUNREACH: Fault.UNREACHABLE,
    errno.EHOSTUNREACH: Fault.UNREACHABLE,
    errno.ENETDOWN: Fault.UNREACHABLE,
    errno.EHOSTDOWN: Fault.UNREACHABLE,
    errno.ENONET: Fault.UNREACHABLE,
    errno.EACCES: Fault.UNREACHABLE,
    errno.EPERM: Fault.UNREACHABLE,
    errno.EPROTO: Fault.UNREACHABLE,
    errno.ENOPROTOOPT: Fault.UNREACHABLE,
}
_RANKS = (Fault.REFUSED, Fault.RESET, Fault.TIMED_OUT, Fault.UNREACHABLE, Fault.INTERNAL_ERROR)


def connect_failure(error: OSError) -> Failed:
    """Why dialing failed. What only our own machine can be guilty of (no file or port left) is an internal error."""
    fault = _CONNECT_FAULTS.get(error.errno or 0, Fault.INTERNAL_ERROR)
    detail = "" if fault is Fault.REFUSED else error_text(error)
    return Failed(Stage.CONNECT, fault, detail)


def more_telling(one: Failed | None, other: Failed) -> bool:
    """Whether ``other`` says more of a server with several addresses than ``one``; equal ones keep the first."""
    return one is None or _RANKS.index(other.fault) < _RANKS.index(one.fault)


def lost_fault(error: Exception | None) -> Fault:
    """Why an open connection ended before its time."""
    if error is None:
        return Fault.CLOSED_EARLY
    return Fault.TIMED_OUT if isinstance(error, TimeoutError) else Fault.RESET


def tls_failure(reasons: Sequence[tuple[str, str, str]]) -> TlsFailure:
    """OpenSSL's queue of errors; an alert of the other side is told from what we could not read ourselves."""
    texts = [reason for _, _, reason in reasons]
    for text in texts:
        if " alert " in f" {text} ":
            return TlsFailure(Fault.TLS_ALERT, text)
    return TlsFailure(Fault.TLS_PROTOCOL, "; ".join(texts) or "unknown error")


def error_text(error: BaseException) -> str:
    """An exception in one short line."""
    return f"{type(error).__name__}: {error}"[:200]
