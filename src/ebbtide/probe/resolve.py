"""Names to addresses, many at once, over c-ares."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Iterator, Sequence

import aiodns
import pycares

from ebbtide.model.outcomes import Failed, Fault, Stage
from ebbtide.probe.event_loop import new_event_loop
from ebbtide.probe.faults import error_text

Resolved = tuple[str, tuple[str, ...] | Failed]

_NO_SORTING = 1 << 7
"""``ARES_AI_NOSORT`` of c-ares: no socket is opened just to rank the addresses."""
_FAULTS = {
    pycares.errno.ARES_ENOTFOUND: Fault.NAME_NOT_FOUND,
    pycares.errno.ARES_ENODATA: Fault.NAME_NOT_FOUND,
    pycares.errno.ARES_ENONAME: Fault.NAME_NOT_FOUND,
    pycares.errno.ARES_EBADNAME: Fault.NAME_NOT_FOUND,
    pycares.errno.ARES_ETIMEOUT: Fault.TIMED_OUT,
}


def resolve_hosts(
    hosts: Iterable[str],
    *,
    nameservers: Sequence[str] = (),
    in_flight: int = 200,
    timeout_s: float = 2.0,
    tries: int = 3,
) -> Iterator[Resolved]:
    """Look up the A and AAAA records of every host.

    Args:
        hosts: Canonical names or addresses; pulled only as look-ups come free. An address stands for itself.
        nameservers: Addresses, with ``:port`` if it is not 53; those of the system by default.
        in_flight: Look-ups at a time.
        timeout_s: Until a first question counts as unanswered; c-ares waits longer for each repetition.
        tries: Questions to each name server.

    Yields:
        Each host with its addresses (IPv4 first, at least one), or with what went wrong. The order is that in
        which the answers came.
    """
    waiting = iter(hosts)
    loop = new_event_loop()
    resolver = loop.run_until_complete(_make_resolver(nameservers, timeout_s, tries))
    under_way: set[asyncio.Task[Resolved]] = set()
    try:
        while True:
            room = in_flight - len(under_way)
            under_way |= {loop.create_task(_resolve(resolver, host)) for host in _some(waiting, room)}
            if not under_way:
                break
            done, under_way = loop.run_until_complete(asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED))
            for task in done:
                yield task.result()
    finally:
        loop.run_until_complete(_close(resolver, under_way))
        loop.close()


async def _close(resolver: aiodns.DNSResolver, under_way: set[asyncio.Task[Resolved]]) -> None:
    """Let the resolver end its questions while the loop still runs: it answers each with a cancellation."""
    await resolver.close()
    for task in under_way:
        task.cancel()
    if under_way:
        await asyncio.wait(under_way)
    await asyncio.sleep(0)


def _some(waiting: Iterator[str], most: int) -> Iterator[str]:
    for _, host in zip(range(most), waiting, strict=False):
        yield host


async def _make_resolver(nameservers: Sequence[str], timeout_s: float, tries: int) -> aiodns.DNSResolver:
    return aiodns.DNSResolver(
        nameservers=list(nameservers) or None, timeout=timeout_s, tries=tries, flags=pycares.ARES_FLAG_NOSEARCH
    )


async def _resolve(resolver: aiodns.DNSResolver, host: str) -> Resolved:
    if _is_address(host):
        return host, (host,)
    try:
        found = await resolver.getaddrinfo(host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM, flags=_NO_SORTING)
    except aiodns.error.DNSError as error:
        fault = _FAULTS.get(error.args[0] if error.args else 0, Fault.DNS_FAILED)
        return host, Failed(Stage.RESOLVE, fault, str(error.args[-1] if error.args else "")[:200])
    except (ValueError, UnicodeError) as error:
        return host, Failed(Stage.RESOLVE, Fault.NAME_NOT_FOUND, error_text(error))
    addresses = {_text_of(node.addr[0]): None for node in found.nodes}
    if not addresses:
        return host, Failed(Stage.RESOLVE, Fault.NAME_NOT_FOUND, "no address")
    return host, tuple(sorted(addresses, key=lambda address: ":" in address))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _text_of(address: bytes | str) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address
