"""What the sensor is told: where to listen, how to keep sources, and the caps on everything."""

import ipaddress
from pathlib import Path

import msgspec

from ebbtide.pressure.records import PressureError
from ebbtide.pressure.sources import Keeping

LOOPBACK = "127.0.0.1"
_HIGHEST_PORT = 65_535


class Place(msgspec.Struct, frozen=True):
    """An address and a port to listen at.

    Attributes:
        address: IPv4 or IPv6.
        port: 0 to 65535; 0 for any that is free.
    """

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class RequestLimits(msgspec.Struct, frozen=True):
    """Caps on what is read of one request.

    Attributes:
        head_bytes: Request line and fields.
        body_bytes: Octets of the body that are read and hashed.
        target_bytes, value_bytes: What is kept of the target, and of the value of a field.
        most_fields: Fields that are looked at.
    """

    head_bytes: int = 16_384
    body_bytes: int = 65_536
    target_bytes: int = 8_192
    value_bytes: int = 1_024
    most_fields: int = 100


class DiskLimits(msgspec.Struct, frozen=True):
    """Caps on what is written.

    Attributes:
        disk_bytes: All segments of the folder together; the sensor ends when they are reached.
        segment_bytes: A segment is followed by a new one when it is as long.
        reserve_bytes: Held in a file of its own, and given free when the disk is full, for what was accepted by then.
        pending_bytes: Lines that wait for the disk; beyond that nobody is accepted.
        sync_every_s: Written lines are on the disk itself after so many seconds.
    """

    disk_bytes: int = 1 << 30
    segment_bytes: int = 64 << 20
    reserve_bytes: int = 16 << 20
    pending_bytes: int = 8 << 20
    sync_every_s: float = 1.0


class SensorSettings(msgspec.Struct, frozen=True):
    """All that a sensor is told.

    Attributes:
        out: Folder of the segments.
        places: Where to listen.
        keeping: How sources are kept.
        own: Our IPv4 address as others see it; empty if it is not told.
        most_open: Connections that are open at once.
        most_per_source: The same from one address (IPv6: from one /64).
        patience_s: Seconds that a connection has in all.
        heartbeat_s: Seconds between two lines that say that the sensor is up.
        seconds: Ends by itself after so many; 0 for never.
    """

    out: Path
    places: tuple[Place, ...] = ()
    keeping: Keeping = Keeping.HASH
    own: str = ""
    most_open: int = 1_000
    most_per_source: int = 100
    patience_s: float = 10.0
    heartbeat_s: float = 60.0
    seconds: float = 0.0
    request: RequestLimits = RequestLimits()
    disk: DiskLimits = DiskLimits()


def parse_place(text: str) -> Place:
    """Read ``192.0.2.1:80``, ``[2001:db8::1]:80``, or a port alone, which is one of loopback.

    Raises:
        PressureError: It is none of these.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        host = LOOPBACK
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        address = None
    is_bracketed = bare != host
    is_sound = address is not None and is_bracketed == (address.version == 6)  # noqa: PLR2004  brackets are for IPv6
    if address is None or not is_sound or not (port.isascii() and port.isdigit()) or int(port) > _HIGHEST_PORT:
        raise PressureError(
            f"the sensor cannot listen at {text[:80]!r}.",
            remedy="Give address and port, as 192.0.2.1:8080 or [2001:db8::1]:8080, or a port alone for loopback.",
        )
    return Place(str(address), int(port))
