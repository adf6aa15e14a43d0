"""Erasing all that is kept of one site, address, prefix or domain, in every sealed round and among kept attackers."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import msgspec

from ebbtide.conduct.exclusions import parse_excluded
from ebbtide.conduct.segments import Network
from ebbtide.control.forgetting import forget_hosts
from ebbtide.rounds.attack_erasing import Meant, erase_sources
from ebbtide.rounds.attack_keys import MonthKeys
from ebbtide.rounds.erasing import erase_targets
from ebbtide.rounds.facts import forget_facts
from ebbtide.rounds.folder import AUDITS, SurveyFolder
from ebbtide.rounds.locking import round_lock
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round
from ebbtide.rounds.tables import read_rows

_MOST_HASHED = 1 << 16


class ErasedRound(msgspec.Struct, frozen=True):
    """What was erased of one round.

    Attributes:
        rows: Rows that are gone, by table.
    """

    round: str
    targets: int
    rows: dict[str, int]


class ErasureSummary(msgspec.Struct, frozen=True):
    """One erasure over all rounds.

    Attributes:
        erased: Rounds in which something was, or would be, erased.
        open_rounds: Rounds that hold the subject and are open; they are left alone until they are sealed.
        attacks: Month to sources of attacks that were, or would be, erased.
    """

    is_dry_run: bool
    erased: tuple[ErasedRound, ...]
    open_rounds: tuple[str, ...]
    attacks: dict[str, int] = {}


def erase(folder: SurveyFolder, subject: str, *, why: str, is_dry_run: bool = False) -> ErasureSummary:
    """Erase a subject from all sealed rounds and from kept attacks; facts must be computed anew afterwards.

    Killed at any moment and called again, it comes to the same end.

    Args:
        folder: The survey.
        subject: Host name, address, prefix, or ``.domain`` for a domain and all below it.
        why: For the tombstone; it should not name the subject.
        is_dry_run: Only say what would go.

    Raises:
        ConductError: The subject is none of these.
        RoundError: Another process works on a round.
    """
    excluded = parse_excluded(subject, "SUBJECT")
    erased: list[ErasedRound] = []
    still_open: list[str] = []
    for label in folder.labels():
        looked_at = folder.round(label)
        targets = set(_targets(looked_at, excluded))
        if targets and looked_at.state is RoundState.OPEN:
            still_open.append(label)
        elif targets and is_dry_run:
            erased.append(ErasedRound(label, len(targets), {}))
        elif looked_at.state is not RoundState.OPEN and not is_dry_run:
            erased += _erase_in(folder, label, targets, why)
    if not is_dry_run:
        forget_hosts(folder.path, lambda name: _is_meant(name, excluded))
    attacks = erase_sources(folder, _meant_sources(folder, excluded), is_dry_run=is_dry_run)
    return ErasureSummary(is_dry_run, tuple(erased), tuple(still_open), attacks)


def _meant_sources(folder: SurveyFolder, excluded: Network | str) -> Meant:
    """Sources of that name or at such an address, as far as what is kept can be told to be theirs.

    A kept prefix is theirs if all of it is. Of hashes only those are found whose month has its key, and in networks of
    at most 65,536 addresses: who holds no key cannot tell whose a hash is.
    """
    keys = MonthKeys(folder)
    if isinstance(excluded, str):
        names = [excluded] if not excluded.startswith(".") else []
    else:
        names = [str(each) for each in excluded] if excluded.num_addresses <= _MOST_HASHED else []
    hashes = {month: {keys.hash(name, month) for name in names} for month in keys.months}

    def is_meant(month: str, kept: str, source: str) -> bool:
        if kept == "hash":
            return source in hashes.get(month, ())
        if kept == "prefix" and "/" in source:
            return not isinstance(excluded, str) and _lies_in(source, excluded)
        return _is_meant(source, excluded)

    return is_meant


def _lies_in(prefix: str, network: Network) -> bool:
    try:
        held = ip_network(prefix)
    except ValueError:
        return False
    return held.version == network.version and held[0] in network and held[-1] in network


def _forget_audits(folder: SurveyFolder, targets: set[bytes]) -> None:
    """Remove samples for audits that name one of the targets."""
    names = [target.hex().encode() for target in targets]
    for path in (folder.path / AUDITS).glob("*.json"):
        data = path.read_bytes()
        if any(name in data for name in names):
            path.unlink(missing_ok=True)


def _erase_in(folder: SurveyFolder, label: str, targets: set[bytes], why: str) -> Iterator[ErasedRound]:
    """Facts go first: they can be computed again, and must not outlive what they were made of."""
    with round_lock(folder.round_folder(label), label):
        if targets:
            forget_facts(folder)
            _forget_audits(folder, targets)
        entry = erase_targets(folder.round(label), targets, why)
        if entry is not None:
            yield ErasedRound(label, entry.targets, entry.rows)


def _targets(looked_at: Round, excluded: Network | str) -> Iterator[bytes]:
    """Targets of that name, or that stand, or stood when they were asked, at such an address."""
    for target, host, address in read_rows(
        looked_at.path, looked_at.files("targets"), "targets", ("target_id", "host", "address")
    ):
        if _is_meant(host, excluded) or _is_meant(address, excluded):
            yield target
    if not isinstance(excluded, str):
        columns = ("target_id", "address")
        for target, address in read_rows(looked_at.path, looked_at.files("outcomes"), "outcomes", columns):
            if _is_meant(address, excluded):
                yield target


def _is_meant(name: str, excluded: Network | str) -> bool:
    if isinstance(excluded, str):
        return name == excluded.removeprefix(".") or (excluded.startswith(".") and name.endswith(excluded))
    try:
        return ip_address(name) in excluded
    except ValueError:
        return False
