"""Hold what a survey saw against the truth: pure functions over rows."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Confusion = dict[str, dict[str, int]]
"""What the truth says should be seen, to what was seen, to the number of names."""

NOT_THERE = "(no row)"
_EPSILON = 1e-9


class Mismatch(msgspec.Struct, frozen=True):
    """One name for which the survey saw something else than it should have.

    Attributes:
        what: ``row``, ``presence``, ``family``, or a check's id.
        expected: What could be seen, by the truth.
        observed: What the survey says.
        why: The truth's own remark.
    """

    month: str
    host: str
    address: str
    what: str
    expected: str
    observed: str
    why: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """The outcome of a comparison.

    Attributes:
        rows: Rows of truth.
        presence: Confusion of presence.
        families: Confusion of families, among names that both say answered.
        certificates: ``right`` or ``wrong`` certificates and keys, among these names where the truth has one.
        checks: Check to the confusion of its verdicts; a verdict with a reason reads ``cannot_tell(masked)``.
        contradicted: Verdicts in which, by the truth, a page's text says otherwise than the hole behind it.
        mismatches: Everything off the diagonal, sorted by month, host, address and what.
    """

    rows: int
    presence: Confusion
    families: Confusion
    certificates: Confusion
    checks: dict[str, Confusion]
    contradicted: int
    mismatches: tuple[Mismatch, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing is off the diagonal."""
        return not self.mismatches


def compare(truth: Iterable[Mapping[str, Any]], observed: Iterable[Mapping[str, Any]]) -> Comparison:
    """Compare truth and observation, name by name and month by month.

    Args:
        truth: Rows of ``truth_rows``.
        observed: Rows with month, host, address, presence, family, and checks of verdict and reason.

    Returns:
        Confusion tables and all mismatches. A row that only one side has is a mismatch.
    """
    seen = {_key(row): row for row in observed}
    fold = _Fold()
    for row in truth:
        key = _key(row)
        other = seen.pop(key, None)
        fold.rows += 1
        if other is None:
            fold.mismatches.append(Mismatch(*key, "row", row["presence"], NOT_THERE))
        else:
            fold.add(key, row, other)
    fold.mismatches += [Mismatch(*key, "row", NOT_THERE, str(row["presence"])) for key, row in seen.items()]
    fold.mismatches.sort(key=lambda each: (each.month, each.host, each.address, each.what))
    return Comparison(
        rows=fold.rows,
        presence=fold.presence,
        families=fold.families,
        certificates=fold.certificates,
        checks=fold.checks,
        contradicted=fold.contradicted,
        mismatches=tuple(fold.mismatches),
    )


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(row["month"]), str(row["host"]), str(row["address"])


class _Fold:
    """Adds rows up."""

    def __init__(self) -> None:
        self.rows = 0
        self.contradicted = 0
        self.presence: Confusion = {}
        self.families: Confusion = {}
        self.certificates: Confusion = {}
        self.checks: dict[str, Confusion] = {}
        self.mismatches: list[Mismatch] = []

    def add(self, key: tuple[str, str, str], true: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self._count(self.presence, key, "presence", str(true["presence"]), str(seen["presence"]))
        if true["presence"] == "answered" and seen["presence"] == "answered":
            self._count(self.families, key, "family", str(true["family"]), str(seen["family"]))
            for what in ("certificate", "key") if true.get("certificate") else ():
                self._compare(key, what, str(true[what]), str(seen.get(what, "")))
        for check, entry in true["checks"].items():
            self.contradicted += entry["actual"] is not None and _has_it(entry) != entry["actual"]
            expected = _label(entry["observable"], entry["reason"])
            verdict = seen["checks"].get(check)
            observed = NOT_THERE if verdict is None else _label(verdict["verdict"], verdict.get("reason", ""))
            self._count(self.checks.setdefault(check, {}), key, check, expected, observed, entry.get("why", ""))

    def _compare(self, key: tuple[str, str, str], what: str, expected: str, observed: str) -> None:
        """Hashes are too many for a table of their own values."""
        line = self.certificates.setdefault(what, {})
        told = "right" if expected == observed else "wrong"
        line[told] = line.get(told, 0) + 1
        if expected != observed:
            self.mismatches.append(Mismatch(*key, what, expected, observed))

    def _count(
        self, table: Confusion, key: tuple[str, str, str], what: str, expected: str, observed: str, why: str = ""
    ) -> None:
        line = table.setdefault(expected, {})
        line[observed] = line.get(observed, 0) + 1
        if expected != observed:
            self.mismatches.append(Mismatch(*key, what, expected, observed, why))


def _label(verdict: str, reason: str | None) -> str:
    return f"{verdict}({reason})" if reason else verdict


class BoundLine(msgspec.Struct, frozen=True):
    """One prevalence whose bounds were held against the truth.

    Attributes:
        actual: Weighted share of the base family's answering units that have the hole; ``None`` if there is no unit.
            Where the truth says that a page's text decides, the text counts, for a check is about what is published.
        low: The fact's lower bound; ``None`` if there is no such fact or it has none.
        high: Its upper bound.
        is_held: Whether the actual share lies within; ``None`` where there is nothing to hold.
    """

    month: str
    check: str
    unit: str
    actual: float | None
    low: float | None
    high: float | None
    is_held: bool | None


def bounds(truth: Iterable[Mapping[str, Any]], facts: Iterable[Mapping[str, Any]]) -> tuple[BoundLine, ...]:
    """Hold the bounds of prevalence facts against the actual shares.

    Args:
        truth: Rows of ``truth_rows``, of one month or more.
        facts: Facts as plain mappings; metric ``prevalence``, lens and variant ``all`` are used.

    Returns:
        A line for each month, check and unit of the truth; by month, check and unit.
    """
    shares = _actual_shares(truth)
    limits: dict[tuple[str, str, str], tuple[float, float]] = {}
    for fact in facts:
        is_plain = fact.get("lens", "all") == "all" and fact.get("variant", "all") == "all"
        low, high = fact.get("bound_low"), fact.get("bound_high")
        if fact.get("metric") == "prevalence" and is_plain and low is not None and high is not None:
            limits[str(fact["round"]), str(fact["check"]), str(fact["unit"])] = (low, high)
    return tuple(_bound_line(key, shares[key], limits.get(key)) for key in sorted(shares))


def _bound_line(key: tuple[str, str, str], actual: float | None, limit: tuple[float, float] | None) -> BoundLine:
    if limit is None:
        return BoundLine(*key, actual, None, None, None)
    low, high = limit
    is_held = None if actual is None else low - _EPSILON <= actual <= high + _EPSILON
    return BoundLine(*key, actual, low, high, is_held)


def _actual_shares(truth: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], float | None]:
    """Weighted shares by month, check and unit; an address weighs as much as its names in the mean."""
    # Unit's key to [sum of weights, names, whether it has the hole].
    units: dict[tuple[str, str, str], dict[tuple[str, int], list[float]]] = {}
    for row in truth:
        weight = float(row.get("weight", 1.0))
        for check, entry in row["checks"].items():
            for unit, unit_id in (("site", row["host"]), ("address", row["address"])):
                members = units.setdefault((row["month"], check, unit), {})
                if entry["actual"] is None or row["presence_actual"] != "answered":
                    continue
                member = members.setdefault((unit_id, row["port"]), [0.0, 0.0, 0.0])
                member[0] += weight
                member[1] += 1
                member[2] = float(_has_it(entry) or member[2])
    return {key: _share(members.values()) for key, members in units.items()}


def _has_it(entry: Mapping[str, Any]) -> bool:
    """Whether a server has the hole: as its page says where that can be told, else as it is."""
    if entry["observable"] in {"shown", "not_shown"}:
        return bool(entry["observable"] == "shown")
    return bool(entry["actual"])


def _share(members: Iterable[list[float]]) -> float | None:
    weighted = [(total / number, has_it) for total, number, has_it in members]
    base = sum(weight for weight, _has_it in weighted)
    return sum(weight * has_it for weight, has_it in weighted) / base if base else None
