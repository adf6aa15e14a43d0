"""Erasing all that is kept of one site, address, prefix or domain, in every sealed round."""

from collections.abc import Iterator
from ipaddress import ip_address

import msgspec

from ebbtide.conduct.exclusions import parse_excluded
from ebbtide.conduct.segments import Network
from ebbtide.control.forgetting import forget_hosts
from ebbtide.rounds.erasing import erase_targets
from ebbtide.rounds.facts import forget_facts
from ebbtide.rounds.folder import AUDITS, SurveyFolder
from ebbtide.rounds.locking import round_lock
from ebbtide.rounds.log import RoundState
from ebbtide.rounds.round import Round
from ebbtide.rounds.tables import read_rows


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
    """

    is_dry_run: bool
    erased: tuple[ErasedRound, ...]
    open_rounds: tuple[str, ...]


def erase(folder: SurveyFolder, subject: str, *, why: str, is_dry_run: bool = False) -> ErasureSummary:
    """Erase a subject from all sealed rounds; facts must be computed anew afterwards.

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
    return ErasureSummary(is_dry_run, tuple(erased), tuple(still_open))


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
