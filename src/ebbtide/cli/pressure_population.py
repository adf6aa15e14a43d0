"""What ``ebbtide pressure`` says of the hosts behind the hits: how many are infected, and how fast that moves."""

from typing import TYPE_CHECKING

import msgspec

from ebbtide.cli.output import print_line
from ebbtide.model.errors import EstimateError

if TYPE_CHECKING:
    from ebbtide.estimate.epidemic import Epidemic
    from ebbtide.estimate.infected import Infected, Refused
    from ebbtide.pressure.counting import Load
    from ebbtide.pressure.reading import Reading
    from ebbtide.pressure.signatures.records import Signature
    from ebbtide.pressure.worms import SeenWorm


class WormFound(msgspec.Struct, frozen=True):
    """What was found of one family that spreads by itself.

    Attributes:
        infected: The estimate, or why there is none.
        dormant_hits: Requests on days on which the family should not spread.
        course: How its sources move by the hour; ``None`` if there are too few, or it was seen for too long.
        first_hour: Of the course, seconds since 1970.
    """

    signature: str
    family: str
    infected: "Infected | Refused"
    dormant_hits: int
    course: "Epidemic | None"
    first_hour: int


def worms_of(
    reading: "Reading", load: "Load", *, addresses: int, are_hosts: bool, is_wanted: bool
) -> tuple[WormFound, ...]:
    """Of every family that spreads by itself, or only of those that scan evenly if nobody asked.

    Args:
        reading: The logs.
        load: Of the same.
        addresses: How many addresses the logs are those of.
        are_hosts: Sources stand for addresses, not for prefixes.
        is_wanted: All families, and why there is no estimate.
    """
    from ebbtide.pressure.signatures.records import Kind, Spread
    from ebbtide.pressure.worms import worms_seen

    there = {each.signature: each for each in load.whole if each.requests}
    signatures = [
        each
        for each in reading.events.signatures
        if each.id in there and each.kind in {Kind.WORM, Kind.BOTNET} and (is_wanted or each.spread is Spread.UNIFORM)
    ]
    if not signatures:
        return ()
    seen = worms_seen(reading.events.export(with_sources=True), signatures, reading.ledger)
    by_id = {each.id: each for each in signatures}
    return tuple(
        _found(by_id[each.signature], each, there[each.signature].sources, near, addresses, are_hosts=are_hosts)
        for each in seen
        for near in [(there[each.signature].near_16, there[each.signature].near_8)]
    )


def _found(
    signature: "Signature",
    seen: "SeenWorm",
    all_sources: int,
    near: tuple[int | None, int | None],
    addresses: int,
    *,
    are_hosts: bool,
) -> WormFound:
    from ebbtide.estimate.infected import WormSeen, infected_hosts

    infected = infected_hosts(
        WormSeen(
            spread=signature.spread.value,
            probes_per_s=signature.probes_per_s,
            is_spoofable=signature.is_spoofable,
            hits=seen.hits,
            sources=seen.sources,
            all_sources=all_sources,
            near_16=near[0],
            near_8=near[1],
            are_hosts=are_hosts,
            addresses=addresses,
            hours_a_day=seen.hours_a_day,
        )
    )
    return WormFound(signature.id, signature.family, infected, seen.dormant_hits, _course(seen), seen.since)


def _course(seen: "SeenWorm") -> "Epidemic | None":
    from ebbtide.estimate.epidemic import fit_epidemic

    try:
        return fit_epidemic([hour for hour, _ in seen.by_hour], [sources for _, sources in seen.by_hour])
    except EstimateError:
        return None


def print_worms(worms: tuple[WormFound, ...], *, is_wanted: bool) -> None:
    """Say how many are infected; why not, only where it was asked."""
    from ebbtide.estimate.infected import Refused
    from ebbtide.publish.population_words import course_words, infected_words

    if is_wanted and not worms:
        print_line("No family that spreads by itself was seen, so there is nobody to estimate.")
    for worm in worms:
        if isinstance(worm.infected, Refused):
            if is_wanted:
                print_line(f"{worm.family}: {worm.infected.sentence}")
        else:
            print_line(f"{worm.family}: {infected_words(worm.infected)}")
            if is_wanted:
                for assumption in worm.infected.assumptions:
                    print_line(f"  It is assumed: {assumption}")
        if worm.dormant_hits and is_wanted:
            print_line(f"  {worm.dormant_hits:,} of its requests came on days on which it sleeps; they are left out.")
        if worm.course is not None and is_wanted:
            print_line(f"  {course_words(worm.course)}")
