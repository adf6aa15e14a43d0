"""Servers of a round that were seen among the attackers of the operator's own logs, on the day they were asked.

What comes out is for the owner of each, told as ``ebbtide ask`` tells any check. It is kept nowhere: no judgement, no
fact and no publication holds it.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address

import msgspec

from ebbtide.model.attacks import ATTACKS_OTHERS, AttackFamily, AttackRow, ObservedDayRow
from ebbtide.model.errors import EstimateError, RoundError
from ebbtide.model.targets import Target
from ebbtide.rounds.attacks import ATTACKS, AttackStore
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round
from ebbtide.rounds.tables import read_rows
from ebbtide.survey.answering import Answer, Showing
from ebbtide.survey.wanted import WantedList, wanted_host

MOST_NAMES = 3
"""An address that bears more names of the frame may be a hoster's: which of its servers attacks, nobody can tell."""

NAME = "Attacks others"
REMEDY = (
    "Take the machine off the network, find what was put on it, and set it up anew from a clean copy. To close the "
    "hole alone does not clean it."
)
SHARED_ADDRESS = "cannot_tell/shared_address"
NO_LOG = "not_asked/no_log"
UNREACHABLE = "not_asked/unreachable"
_RAW = "raw"
_NS_PER_S = 1_000_000_000


class _Met(msgspec.Struct, frozen=True):
    """Requests of one family from one address on one day (UTC)."""

    family: str
    requests: int


class _Log(msgspec.Struct, frozen=True):
    """What is kept of the attackers on the days of a round.

    Attributes:
        watched: Days of which the log was there and sources are kept as addresses.
        unnamed: Days on which some source is a name, or what the log gave in place of an address: nobody is cleared.
        met: Address and day to those families of machines that were taken over that it sent.
    """

    watched: frozenset[str]
    unnamed: frozenset[str]
    met: Mapping[tuple[str, str], tuple[_Met, ...]]


def attackers_among(folder: SurveyFolder, label: str, *, wanted: WantedList | None = None) -> Answer:
    """Which targets of a sealed round attacked the operator's own server on the day on which they were asked.

    Only families that spread by machines that were taken over count (worms and botnets). A target is *shown* if its
    address, as it was asked, sent one on the same day (UTC) and bears at most ``MOST_NAMES`` names of the frame.

    Args:
        folder: The survey.
        label: Label of the round.
        wanted: Who is looked at; everybody if it is ``None``.

    Raises:
        RoundError: The round is open or not there.
        EstimateError: Nothing is kept of its days, or sources are not kept as addresses.
    """
    asked_round = folder.round(label)
    if asked_round.state is RoundState.OPEN:
        raise RoundError(f"round {label} is open.", remedy=f"Seal it first: ebbtide survey seal {label}")
    asked = _asked(asked_round)
    days = {day for places in asked.values() for _, day in places}
    families = {family.id: family for family in AttackStore(folder).state().families}
    log = _log(folder, days, families)
    _demand_addresses(folder, label, days, log)
    names = _names_by_address(folder, asked_round, asked)
    verdicts: Counter[str] = Counter()
    shown: list[Showing] = []
    matched: set[str] = set()
    for target, name in _looked_at(folder, asked_round, asked, wanted):
        matched.add(name)
        verdict, place = _verdict(asked.get(target.target_id, ()), log, names)
        verdicts[verdict] += 1
        if verdict == "shown":
            shown.append(_showing(target, place, log, families))
    return Answer(
        round=label,
        check=ATTACKS_OTHERS,
        version=_version(families),
        name=NAME,
        remedy=REMEDY,
        targets=verdicts.total(),
        verdicts=dict(sorted(verdicts.items())),
        shown=tuple(sorted(shown, key=lambda each: (each.target, each.address))),
        open=(),
        unlisted=() if wanted is None else tuple(wanted.missing(matched)),
    )


def attacks_of_site(folder: SurveyFolder, label: str, host: str) -> tuple[Showing, ...]:
    """What a site sent to the operator's own server on the day on which it was asked; nothing where it cannot be told.

    Args:
        folder: The survey.
        label: Of a sealed round.
        host: Canonical name or address, as the frame has it.
    """
    try:
        return attackers_among(folder, label, wanted=wanted_host(host, folder.shards)).shown
    except EstimateError:
        return ()


def _asked(looked_at: Round) -> dict[bytes, tuple[tuple[str, str], ...]]:
    """Of each target that was asked somewhere: its addresses, with the days (UTC) on which it was asked there."""
    found: defaultdict[bytes, set[tuple[str, str]]] = defaultdict(set)
    columns = ("target_id", "kind", "address", "started_at_ns")
    for target, kind, address, at_ns in read_rows(looked_at.path, looked_at.files("outcomes"), "outcomes", columns):
        if address and kind != "skipped":
            found[target].add((_canonical(address), _utc_day(at_ns // _NS_PER_S)))
    return {target: tuple(sorted(places)) for target, places in found.items()}


def _log(folder: SurveyFolder, days: set[str], families: Mapping[str, AttackFamily]) -> _Log:
    store = AttackStore(folder)
    watched: set[str] = set()
    unnamed: set[str] = set()
    requests: Counter[tuple[str, str, str]] = Counter()
    for kept in store.state().months.values():
        if kept.sources != _RAW or ATTACKS not in kept.files:
            continue
        watched |= {row.day for row in store.read(kept, ObservedDayRow) if row.day in days}
        for row in store.read(kept, AttackRow):
            day = _utc_day(row.time_s)
            if day in days and families[row.signature].marks_infected:
                requests[row.source, day, row.signature] += row.requests
                unnamed |= set() if _is_address(row.source) else {day}
    met: defaultdict[tuple[str, str], list[_Met]] = defaultdict(list)
    for (source, day, family), count in sorted(requests.items()):
        met[source, day].append(_Met(family, count))
    return _Log(frozenset(watched - unnamed), frozenset(unnamed), {place: tuple(each) for place, each in met.items()})


def _demand_addresses(folder: SurveyFolder, label: str, days: set[str], log: _Log) -> None:
    """Raise if no day of the round was watched with addresses kept, and say why."""
    if log.watched or any(_is_address(source) for source, _ in log.met):
        return
    if log.unnamed:
        raise EstimateError(
            "nobody can be recognised among the attackers: the logs give names or hashes in place of addresses.",
            where=f"round {label}",
        )
    months = AttackStore(folder).state().months
    kept = [months[month] for month in sorted({day[:7] for day in days}) if month in months]
    if not kept:
        raise EstimateError(
            f"no attacks are kept of the days on which round {label} asked.",
            remedy="Keep the logs of these days: ebbtide pressure FILE... --survey DIR --keep",
        )
    if all(each.sources == _RAW and ATTACKS in each.files for each in kept):
        raise EstimateError(f"none of the days on which round {label} asked is in the logs that are kept.")
    how = "erased" if all(ATTACKS not in each.files for each in kept) else "kept as prefixes or hashes"
    raise EstimateError(
        f"nobody can be recognised among the attackers: their addresses are {how}.",
        where=f"round {label}",
        remedy='With [pressure] sources = "raw" the addresses of later months are kept.',
    )


def _names_by_address(
    folder: SurveyFolder, looked_at: Round, asked: Mapping[bytes, tuple[tuple[str, str], ...]]
) -> dict[str, int]:
    """How many names of the frame each address bears."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for shard in range(folder.shards):
        for target in looked_at.targets(shard):
            for address, _ in asked.get(target.target_id, ()):
                names[address].add(target.host)
    return {address: len(hosts) for address, hosts in names.items()}


def _looked_at(
    folder: SurveyFolder,
    looked_at: Round,
    asked: Mapping[bytes, tuple[tuple[str, str], ...]],
    wanted: WantedList | None,
) -> Iterator[tuple[Target, str]]:
    """Targets that somebody wants to know about, with the name or address by which they are wanted."""
    for shard in range(folder.shards):
        listed = None if wanted is None else wanted.of(shard)
        for target in looked_at.targets(shard):
            places = asked.get(target.target_id, ())
            addresses = [address for address, _ in places] or [""]
            name = "" if listed is None else next(filter(None, (listed.match(target, each) for each in addresses)), "")
            if target.host and (listed is None or name):
                yield target, name


def _verdict(places: tuple[tuple[str, str], ...], log: _Log, names: Mapping[str, int]) -> tuple[str, tuple[str, str]]:
    """The verdict, and where it was met."""
    if not places:
        return UNREACHABLE, ("", "")
    met = [place for place in places if place in log.met]
    alone = [place for place in met if names[place[0]] <= MOST_NAMES]
    if alone:
        return "shown", alone[0]
    if met:
        return SHARED_ADDRESS, met[0]
    return ("not_shown" if any(day in log.watched for _, day in places) else NO_LOG), places[0]


def _showing(target: Target, place: tuple[str, str], log: _Log, families: Mapping[str, AttackFamily]) -> Showing:
    address, day = place
    told = [
        f"{families[each.family].name}: {each.requests:,} request{'s' * (each.requests != 1)}"
        for each in log.met[place]
    ]
    return Showing(
        target=target.base_url,
        url=target.base_url,
        address=address,
        asked_at=day,
        matcher=log.met[place][0].family,
        part="own log",
        excerpt=f"{'; '.join(told)} on {day}",
    )


def _version(families: Mapping[str, AttackFamily]) -> str:
    """Of the mark: it changes with the families that mark a machine as taken over, and with the rule."""
    named = sorted(family.id for family in families.values() if family.marks_infected)
    return hashlib.blake2b(msgspec.json.encode([MOST_NAMES, *named]), digest_size=8).hexdigest()


def _canonical(address: str) -> str:
    """As logs' sources are written: IPv4 inside IPv6 as IPv4."""
    parsed = ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def _is_address(source: str) -> bool:
    try:
        ip_address(source)
    except ValueError:
        return False
    return True


def _utc_day(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).date().isoformat()
