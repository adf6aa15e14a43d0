"""Who was tested or told, and who was not: arms from a file, or drawn by chance within the rules for experiments."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path

from ebbtide.conduct.names import canonical_name
from ebbtide.model.configuration import ExperimentSection
from ebbtide.model.errors import ConductError

COLUMNS = ("site", "arm")
NOW, LATER = "now", "later"
GRAVE = frozenset({"high", "critical"})
"""Letters about holes of such severity are never delayed."""

_MOST_BYTES = 64 << 20
_LONGEST_ARM = 40


def demand_experiment(section: ExperimentSection, check: str, severity: str) -> None:
    """Raise unless the rules admit a delay of letters about a check.

    Raises:
        ConductError: The review, the stopping rule or the delay is missing, or the hole is too grave to wait.
    """
    missing = [name for name in ("review", "stopping_rule") if not getattr(section, name).strip()]
    missing += [] if section.delay_days else ["delay_days"]
    if missing:
        raise ConductError(
            f"an experiment with people needs {' and '.join(missing)}.",
            where="survey.toml: experiment",
            remedy="Write who reviewed it, when it stops at once, and a delay of 1 to 14 days.",
        )
    if severity in GRAVE:
        raise ConductError(f"{check} is of {severity} severity: letters about it are never delayed.", where="CHECK")


def read_arms(path: Path) -> dict[str, str]:
    """Read a CSV file with the header ``site,arm``; further columns are passed over.

    Returns:
        Canonical host to arm.

    Raises:
        ConductError: The file cannot be read, has another header, a line lacks its arm, or a site is in two arms.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConductError("the file is too long for a table of arms.", where=str(path))
        rows = csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True)
        return _arms(rows, path)
    except OSError as error:
        raise ConductError(f"the table of arms cannot be read ({error.strerror}).", where=str(path)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConductError(f"the table of arms is no CSV in UTF-8 ({error}).", where=str(path)) from error


def _arms(rows: Iterator[list[str]], path: Path) -> dict[str, str]:
    header: list[str] = []
    found: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        if not header:
            header = [cell.lower() for cell in cells]
            if not set(COLUMNS) <= set(header):
                raise ConductError(
                    f"the header of arms is {','.join(cells)[:80]!r}.", where=where, remedy="Write the line site,arm."
                )
            continue
        told = dict(zip(header, cells, strict=False))
        site, arm = _site(told.get("site", ""), where), told.get("arm", "")
        if not arm or len(arm) > _LONGEST_ARM or not arm.isprintable():
            raise ConductError("the line names no arm.", where=where, remedy="Fill in the column arm, in a word.")
        if found.setdefault(site, arm) != arm:
            raise ConductError(f"{site} is in two arms, {found[site]} and {arm}.", where=where)
    return found


def _site(text: str, where: str) -> str:
    try:
        return canonical_name(text)
    except ValueError as error:
        raise ConductError(f"{text[:80]!r} is no host name ({error}).", where=where) from error


def draw_arms(key: bytes, clusters: Mapping[str, object]) -> dict[str, str]:
    """Two arms by chance: who is told now, and who later.

    All sites of one owner share an arm, since a letter reaches the owner. Owners are put in order of their number of
    sites, and of each two neighbours a keyed hash tells one now and the other later, so that the arms are alike in
    size. The same key and sites give the same arms.

    Args:
        key: The survey's own.
        clusters: Site to its owner.

    Returns:
        Site to arm.
    """
    owned: defaultdict[object, list[str]] = defaultdict(list)
    for site, owner in clusters.items():
        owned[owner].append(site)
    chances = {owner: _chance(key, min(sites)) for owner, sites in owned.items()}
    order = sorted(owned, key=lambda owner: (-len(owned[owner]), chances[owner]))
    arms: dict[str, str] = {}
    for place, owner in enumerate(order):
        first = chances[order[place - place % 2]] % 2 == 0
        arm = NOW if first == (place % 2 == 0) else LATER
        arms.update(dict.fromkeys(owned[owner], arm))
    return arms


def arms_text(arms: Mapping[str, str]) -> str:
    """A table of arms as a file, sites by the alphabet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(arms.items()))
    return out.getvalue()


def _chance(key: bytes, site: str) -> int:
    digest = blake2b(site.encode(), digest_size=8, key=key[:64], person=b"ebbtide arms").digest()
    return int.from_bytes(digest, "big")
