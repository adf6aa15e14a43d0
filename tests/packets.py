"""Reading a capture of TCP over IPv4 and IPv6: who was called, what was asked, which connections were open at once."""

import struct
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

FIN, SYN, RST, ACK = 1, 2, 4, 16
_ETHERNET, _TCP, _UDP = 14, 6, 17


class Packet(NamedTuple):
    """One packet; ``flags`` is -1 for UDP."""

    at_s: float
    source: str
    source_port: int
    target: str
    target_port: int
    flags: int
    payload: bytes


def read_capture(path: Path) -> Iterator[Packet]:
    """The TCP and UDP packets of a capture of an Ethernet-like device, as far as they were kept."""
    octets = path.read_bytes()
    (magic,) = struct.unpack("<I", octets[:4])
    assert magic in (0xA1B2C3D4, 0xA1B23C4D), "the capture is not little-endian pcap"
    fraction = 1e-6 if magic == 0xA1B2C3D4 else 1e-9
    at = 24
    while at + 16 <= len(octets):
        seconds, part, kept, _ = struct.unpack("<IIII", octets[at : at + 16])
        packet = _packet(seconds + part * fraction, octets[at + 16 + _ETHERNET : at + 16 + kept])
        if packet is not None:
            yield packet
        at += 16 + kept


def _packet(at_s: float, datagram: bytes) -> Packet | None:
    if not datagram:
        return None
    version = datagram[0] >> 4
    if version == 4:
        length, protocol = (datagram[0] & 15) * 4, datagram[9]
        total = int.from_bytes(datagram[2:4], "big")
        source, target = datagram[12:16], datagram[16:20]
    elif version == 6:
        length, protocol = 40, datagram[6]
        total = 40 + int.from_bytes(datagram[4:6], "big")
        source, target = datagram[8:24], datagram[24:40]
    else:
        return None
    rest = datagram[length:total]
    if protocol not in (_TCP, _UDP) or len(rest) < 8:
        return None
    ports = struct.unpack(">HH", rest[:4])
    here, there = str(ip_address(source)), str(ip_address(target))
    if protocol == _UDP:
        return Packet(at_s, here, ports[0], there, ports[1], -1, rest[8:])
    return Packet(at_s, here, ports[0], there, ports[1], rest[13], rest[(rest[12] >> 4) * 4 :])


class Calls:
    """What the packets to one server port say.

    Attributes:
        called: Addresses that were called at all, in order.
        requests: Address to the moments of its requests, in seconds, rising.
        most_open: Address to the most connections that it had at one time, half-open ones included.
    """

    def __init__(self, packets: Iterator[Packet], port: int) -> None:
        self.called: dict[str, None] = {}
        self.requests: dict[str, list[float]] = {}
        self.most_open: dict[str, int] = {}
        self._open: dict[str, dict[int, set[str]]] = {}
        for packet in packets:
            if packet.flags >= 0 and port in (packet.source_port, packet.target_port):
                self._take(packet, is_call=packet.target_port == port)

    def _take(self, packet: Packet, *, is_call: bool) -> None:
        server = packet.target if is_call else packet.source
        caller = packet.source_port if is_call else packet.target_port
        lines = self._open.setdefault(server, {})
        if is_call and packet.flags & SYN:
            self.called[server] = None
            lines.setdefault(caller, set())
            self.most_open[server] = max(self.most_open.get(server, 0), len(lines))
        if is_call and packet.payload.startswith((b"GET ", b"HEAD ")):
            self.requests.setdefault(server, []).append(packet.at_s)
        if caller in lines:
            if packet.flags & FIN:
                lines[caller].add("caller" if is_call else "server")
            if packet.flags & RST or len(lines[caller]) == 2:
                del lines[caller]


def most_within(moments: list[float], window_s: float) -> int:
    """The most moments that lie within a window of this length."""
    moments = sorted(moments)
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= window_s:
            first += 1
        most = max(most, last - first + 1)
    return most
