"""From which address this machine would ask, and from which it can."""

import socket
from ipaddress import ip_address

_DISCARD_PORT = 9


def source_address(towards: str) -> str:
    """The address that the kernel would send from; no packet is sent to learn it.

    Args:
        towards: The address that would be asked.

    Returns:
        Empty if no way leads there.
    """
    family = socket.AF_INET6 if ip_address(towards).version == 6 else socket.AF_INET  # noqa: PLR2004  # IP version 6
    with socket.socket(family, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect((towards, _DISCARD_PORT))
        except OSError:
            return ""
        return str(unsent.getsockname()[0])


def can_ask_from(source: str) -> bool:
    """Whether this machine has the address; no packet is sent to learn it."""
    try:
        family = socket.AF_INET6 if ip_address(source).version == 6 else socket.AF_INET  # noqa: PLR2004  # IP version 6
        with socket.socket(family, socket.SOCK_DGRAM) as unsent:
            unsent.bind((source, 0))
    except (OSError, ValueError):
        return False
    return True
