"""The whole farm: one table."""

from hostile_farm import (
    chunks,
    codings,
    endings,
    endless,
    handshakes,
    heads,
    keeping,
    lengths,
    redirects,
    strangers,
    tarpits,
)
from hostile_farm.records import Hostile

THEMES: dict[str, tuple[Hostile, ...]] = {
    "Going away": endings.SERVERS,
    "Never ending": endless.SERVERS,
    "Holding on": tarpits.SERVERS,
    "Wrong about the length": lengths.SERVERS,
    "Wrong about chunks": chunks.SERVERS,
    "Wrong about the coding": codings.SERVERS,
    "Odd heads": heads.SERVERS,
    "Other protocols": strangers.SERVERS,
    "No handshake": handshakes.SERVERS,
    "Lying about the connection": keeping.SERVERS,
    "Sending us elsewhere": redirects.SERVERS,
}
SERVERS: tuple[Hostile, ...] = tuple(server for servers in THEMES.values() for server in servers)
