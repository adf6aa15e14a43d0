"""What the kernel and OpenSSL report, in the words of ``model.outcomes``."""

import errno
from collections.abc import Sequence

from ebbtide.model.outcomes import Failed, Fault, Stage
from ebbtide.probe.network import TlsFailure
from ebbtide.wire.misplaced import other_protocol

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
_ALERT_RECORD = b"\x15\x03"
_ALERT_BYTES = 7
_ALERT_PREFIXES = frozenset({"sslv3", "ssl/tls", "tls", "tlsv1", "tlsv13"})
_BARE_ALERTS = frozenset(
    {
        "unsupported_extension",
        "certificate_unobtainable",
        "unrecognized_name",
        "bad_certificate_status_response",
        "bad_certificate_hash_value",
    }
)
"""What OpenSSL reports without the word ``alert``."""
_RENAMED_ALERTS = {"user_cancelled": "user_canceled"}
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


def tls_failure(reasons: Sequence[tuple[str, str, str]], first: bytes = b"") -> TlsFailure:
    """Why TLS ended, by cause.

    Args:
        reasons: OpenSSL's queue of errors: library, function, reason.
        first: The first octets that the other side ever sent.

    Returns:
        ``TLS_ALERT`` and the alert's name in RFC 8446 (``handshake_failure``) if the other side said why;
        ``TLS_PROTOCOL`` otherwise, with what came instead of TLS, or with OpenSSL's words for what it could not read.
    """
    texts = [reason for _, _, reason in reasons if reason]
    for text in texts:
        alert = _alert_name(text)
        if alert:
            return TlsFailure(Fault.TLS_ALERT, alert)
    if not texts and len(first) == _ALERT_BYTES and first.startswith(_ALERT_RECORD):
        return TlsFailure(Fault.TLS_ALERT, f"alert {first[-1]}")
    spoken = other_protocol(first)
    if spoken:
        return TlsFailure(Fault.TLS_PROTOCOL, f"{spoken} instead of TLS")
    return TlsFailure(Fault.TLS_PROTOCOL, "; ".join(texts) or "unknown error")


def _alert_name(text: str) -> str:
    """The alert that a reason of OpenSSL stands for; empty for another reason.

    Its words differ by version: ``sslv3 alert handshake failure``, ``tls alert handshake failure``,
    ``tlsv1 unrecognized name``.
    """
    prefix, _, rest = text.partition(" ")
    if prefix not in _ALERT_PREFIXES:
        return ""
    name = rest.removeprefix("alert ").replace(" ", "_")
    return _RENAMED_ALERTS.get(name, name) if rest.startswith("alert ") or name in _BARE_ALERTS else ""


def error_text(error: BaseException) -> str:
    """An exception in one short line."""
    return f"{type(error).__name__}: {error}"[:200]
