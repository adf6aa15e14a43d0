"""Records of the DNS that are not addresses: TXT, where owners answer a challenge, and PTR, the names of an address."""

import asyncio
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

import aiodns
import pycares

from ebbtide.probe.event_loop import new_event_loop

_AT_ONCE = 20
_MOST_RECORDS = 100


def look_up_texts(
    names: Iterable[str], *, nameservers: Sequence[str] = (), timeout_s: float = 2.0, tries: int = 3
) -> dict[str, tuple[bytes, ...]]:
    """The TXT records of names.

    Args:
        names: Each is looked up once, twenty at a time.
        nameservers: Addresses, with ``:port`` if it is not 53; those of the system by default.
        timeout_s: Until a first question counts as unanswered.
        tries: Questions to each name server.

    Returns:
        Name to its records, the strings of one record joined; empty where there is none or no answer.
    """
    return _look_up({name: name for name in names}, "TXT", nameservers, timeout_s, tries)


def look_up_names(
    addresses: Iterable[str], *, nameservers: Sequence[str] = (), timeout_s: float = 2.0, tries: int = 3
) -> dict[str, tuple[str, ...]]:
    """The names that reverse DNS has for addresses; arguments and result as for ``look_up_texts``."""
    questions = {address: ip_address(address).reverse_pointer for address in addresses}
    found = _look_up(questions, "PTR", nameservers, timeout_s, tries)
    return {
        address: tuple(sorted(name.decode("ascii", "replace").removesuffix(".") for name in names))
        for address, names in found.items()
    }


def _look_up(
    questions: dict[str, str], kind: str, nameservers: Sequence[str], timeout_s: float, tries: int
) -> dict[str, tuple[bytes, ...]]:
    if not questions:
        return {}
    loop = new_event_loop()
    try:
        return loop.run_until_complete(_ask_all(questions, kind, nameservers, timeout_s, tries))
    finally:
        loop.close()


async def _ask_all(
    questions: dict[str, str], kind: str, nameservers: Sequence[str], timeout_s: float, tries: int
) -> dict[str, tuple[bytes, ...]]:
    resolver = aiodns.DNSResolver(
        nameservers=list(nameservers) or None, timeout=timeout_s, tries=tries, flags=pycares.ARES_FLAG_NOSEARCH
    )
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(name: str) -> tuple[bytes, ...]:
        async with turns:
            try:
                result = await resolver.query_dns(name, kind)
            except (aiodns.error.DNSError, ValueError, UnicodeError):
                return ()
        return tuple(_content(record) for record in result.answer[:_MOST_RECORDS] if _content(record))

    try:
        answers = await asyncio.gather(*(ask(name) for name in questions.values()))
    finally:
        await resolver.close()
        await asyncio.sleep(0)
    return dict(zip(questions, answers, strict=True))


def _content(record: pycares.DNSRecord) -> bytes:
    """What a record says; empty for one of another type, such as an alias on the way."""
    match record.data:
        case pycares.TXTRecordData(data=data):
            return data
        case pycares.PTRRecordData(dname=name):
            return name.encode("ascii", "replace")
        case _:
            return b""
