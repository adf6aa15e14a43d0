"""The attacks that a survey keeps, month by month: files of rows, and one small file that says which of them count.

New files are written under new names, then ``kept.json`` is replaced in one step, then the old files go. Killed between
any two steps, what is kept is as before or as after.
"""

import os
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Literal, TypeVar
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ebbtide.model.attacks import AttackDayRow, AttackFamily, AttackMonthRow, AttackRow, ObservedDayRow
from ebbtide.model.errors import RoundError, SurveyFolderError
from ebbtide.rounds.attack_columns import AttackColumns, columns_table, table_columns
from ebbtide.rounds.columns import column_values
from ebbtide.rounds.durable import flush, make_folder, replacing, write_file
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.locking import try_lock
from ebbtide.rounds.schemas import arrow_schema
from ebbtide.rounds.tables import COMPRESSION, arrow_table, conform

Row = TypeVar("Row", bound=msgspec.Struct)

FORMAT = 1
_MODE = 0o700
"""Addresses of strangers may lie here: nobody else looks in."""
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\Z")
_FILE = re.compile(r"[0-9]{4}-[0-9]{2}/[a-z_]+-[0-9a-f]{32}\.parquet\Z")
ATTACKS = "attacks"
NAMELESS = "erased-"
"""How what stands in place of an erased source begins; the rest is drawn by chance."""
ATTACK_RECORDS: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {
        "observed_days": ObservedDayRow,
        ATTACKS: AttackRow,
        "attack_days": AttackDayRow,
        "attack_months": AttackMonthRow,
    }
)
"""Every table of the attacks and the record of its rows."""


Sources = Literal["raw", "prefix", "hash"]


class KeptMonth(msgspec.Struct, frozen=True):
    """One month.

    Attributes:
        sources: How its sources are kept: ``raw``, ``prefix`` or ``hash``.
        files: Table to its file, relative to ``pressure/``; without ``attacks`` once the sources are erased.
        rows: Table to rows in it.
        closed_to: Nothing can be added to days up to this one (ISO form): what is kept of them could not be told from
            what would come; empty if all are open.
        why: Of that, to follow "because".
    """

    sources: Sources
    files: dict[str, str]
    rows: dict[str, int]
    closed_to: str = ""
    why: str = ""


class KeptAttacks(msgspec.Struct, frozen=True):
    """All that is kept: the content of ``kept.json``.

    Attributes:
        own: Address of the server whose logs these are; empty if it was never given.
        families: Of all attacks that were ever kept.
        months: By month, as ``2004-05``.
    """

    format: int = FORMAT
    own: str = ""
    families: tuple[AttackFamily, ...] = ()
    months: dict[str, KeptMonth] = {}


class MonthTables(msgspec.Struct, frozen=True):
    """The rows of one month, to be written.

    Attributes:
        attacks: ``None`` to keep the counts alone.
    """

    observed: Sequence[ObservedDayRow]
    attacks: AttackColumns | None
    days: Sequence[AttackDayRow]
    months: Sequence[AttackMonthRow]

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Names and rows."""
        yield "observed_days", arrow_table(ObservedDayRow, self.observed)
        if self.attacks is not None:
            yield ATTACKS, columns_table(self.attacks)
        yield "attack_days", arrow_table(AttackDayRow, self.days)
        yield "attack_months", arrow_table(AttackMonthRow, self.months)


class AttackStore:
    """The attacks in one survey's folder. One writer at a time, any number of readers.

    Args:
        folder: The survey.
    """

    def __init__(self, folder: SurveyFolder) -> None:
        self.path = folder.path / "pressure"
        self._state_path = self.path / "kept.json"

    def state(self) -> KeptAttacks:
        """What is kept now; nothing if nothing ever was.

        Raises:
            SurveyFolderError: The file is damaged, or a newer version wrote it.
        """
        try:
            state = msgspec.json.decode(self._state_path.read_bytes(), type=KeptAttacks)
        except FileNotFoundError:
            return KeptAttacks()
        except (OSError, msgspec.MsgspecError) as error:
            raise SurveyFolderError(
                f"what is kept of attacks cannot be read: {error}.",
                where=str(self._state_path),
                remedy="Restore the folder pressure/ from a copy, or remove it and keep the logs again.",
            ) from error
        if state.format > FORMAT:
            raise SurveyFolderError(
                f"the attacks have format {state.format}; this version reads up to {FORMAT}.",
                where=str(self._state_path),
                remedy="Use a newer version of Ebbtide.",
            )
        names = list(_named(state.months.values()))
        if not (all(map(_MONTH.match, state.months)) and all(map(_FILE.match, names))):
            raise SurveyFolderError(
                "what is kept of attacks names a month or a file that cannot be.",
                where=str(self._state_path),
                remedy="Restore the folder pressure/ from a copy.",
            )
        return state

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the only right to write.

        Raises:
            RoundError: Another process holds it.
        """
        make_folder(self.path)
        self.path.chmod(_MODE)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not try_lock(descriptor):
                raise RoundError(
                    "another process is keeping attacks in this survey.", remedy="Let it finish, then try again."
                )
            yield
        finally:
            os.close(descriptor)

    def read(self, kept: KeptMonth, record: type[Row]) -> list[Row]:
        """The rows of one table of a month; none if it is not kept any more.

        Raises:
            SurveyFolderError: The file is missing or damaged.
        """
        columns = self._table(kept, record)
        if columns is None:
            return []
        return [record(*row) for row in zip(*map(column_values, columns.columns), strict=True)]

    def attacks(self, kept: KeptMonth) -> AttackColumns | None:
        """The attacks of a month in columns; ``None`` if they are not kept any more.

        Raises:
            SurveyFolderError: The file is missing or damaged.
        """
        found = self._table(kept, AttackRow)
        return None if found is None else table_columns(found)

    def _table(self, kept: KeptMonth, record: type[msgspec.Struct]) -> pa.Table | None:
        table = next(name for name, known in ATTACK_RECORDS.items() if known is record)
        if table not in kept.files:
            return None
        path = self.path / kept.files[table]
        schema = arrow_schema(record)
        try:
            with pq.ParquetFile(path) as source:
                names = [name for name in schema.names if name in source.schema_arrow.names]
                found = source.read(columns=names, use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise SurveyFolderError(
                f"the table cannot be read: {error}.", where=str(path), remedy="Restore the folder from a copy."
            ) from error
        return conform(found, pa.schema([field.with_nullable(True) for field in schema]))

    def rows(self, record: type[Row]) -> Iterator[Row]:
        """The rows of one table, month by month."""
        for _, kept in sorted(self.state().months.items()):
            yield from self.read(kept, record)

    def write(self, month: str, tables: MonthTables, sources: Sources) -> KeptMonth:
        """Write the tables of a month; nobody reads them before ``commit``."""
        below = self.path / month
        make_folder(below)
        files: dict[str, str] = {}
        rows: dict[str, int] = {}
        for table, content in tables.tables():
            files[table] = f"{month}/{table}-{uuid4().hex}.parquet"
            rows[table] = content.num_rows
            with replacing(self.path / files[table], flushes=False) as unfinished:
                pq.write_table(content, unfinished, compression=COMPRESSION)
        return KeptMonth(sources, files, rows)

    def commit(self, state: KeptAttacks) -> None:
        """Put a state in place, once its files are on the disk; files that it does not name go.

        The caller holds the lock.
        """
        named = set(_named(state.months.values()))
        before = set(_named(self.state().months.values()))
        flush(self.path / name for name in sorted(named - before))
        write_file(self._state_path, msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n")
        for path in self.path.glob("*/*.parquet*"):
            if path.relative_to(self.path).as_posix() not in named:
                path.unlink(missing_ok=True)


def _named(months: Iterable[KeptMonth]) -> Iterator[str]:
    for kept in months:
        yield from kept.files.values()


def last_day(month: str) -> str:
    """The last day of a month, ISO form."""
    year, _, number = month.partition("-")
    return f"{month}-{monthrange(int(year), int(number))[1]:02d}"


def closed(kept: KeptMonth, last: str, why: str) -> KeptMonth:
    """A month to which nothing can be added up to a day."""
    return kept if kept.closed_to >= last else msgspec.structs.replace(kept, closed_to=last, why=why)
