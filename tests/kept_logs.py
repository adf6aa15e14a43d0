"""Logs of attacks, written out request by request, and surveys that keep them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ebbtide.model.attacks import AttackDayRow, AttackMonthRow, AttackRow, ObservedDayRow
from ebbtide.pressure.reading import Reading, read_logs
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.signatures.reading import own_signatures
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy
from ebbtide.rounds.attacks import AttackStore
from ebbtide.rounds.folder import SurveyFolder

N224 = "/default.ida?" + "N" * 224 + "%u9090"
X224 = "/default.ida?" + "X" * 224 + "%u9090"
NIMDA = "/scripts/root.exe?/c+dir"
SCAN = "/sumthin"
QUIET = "/index.html"
SET = SignatureSet(own_signatures())

Asked = tuple[str, str, str]
"""Time as ``2001-08-04 10:00:00`` (UTC), source, target."""


def log_lines(asked: Sequence[Asked]) -> bytes:
    return b"".join(_line(*each) for each in asked)


def _line(time: str, source: str, target: str) -> bytes:
    stamp = datetime.fromisoformat(time).replace(tzinfo=UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'{source} - - [{stamp}] "GET {target} HTTP/1.0" 404 9 "-" "-"\n'.encode()


def read(*paths: Path) -> Reading:
    return read_logs([str(path) for path in paths], SET, SourcePolicy(), Neighbourhood(""))


def read_asked(folder: Path, asked: Sequence[Asked], name: str = "log") -> Reading:
    (folder / name).write_bytes(log_lines(asked))
    return read(folder / name)


def kept_rows(folder: SurveyFolder) -> dict[str, list[object]]:
    """Every row of every table."""
    store = AttackStore(folder)
    records = (ObservedDayRow, AttackRow, AttackDayRow, AttackMonthRow)
    return {record.__name__: list(store.rows(record)) for record in records}


def kept_sources(folder: SurveyFolder) -> set[str]:
    return {row.source for row in AttackStore(folder).rows(AttackRow)}


def octets_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
