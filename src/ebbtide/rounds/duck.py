"""Connections to DuckDB in process: bounded memory, no extension from outside, nothing kept."""

import os
from pathlib import Path
from uuid import uuid4

import duckdb

_SHARE_OF_MEMORY = 0.4
_LEAST_MEMORY = 512 << 20
_MOST_MEMORY = 4 << 30


def connect(survey: Path, most_memory: int = _MOST_MEMORY) -> duckdb.DuckDBPyConnection:
    """An empty database in memory, which spills into the survey's folder when it must.

    Args:
        survey: The survey's folder; only touched when a question outgrows the memory limit.
        most_memory: Octets that tables and joins may take, if the machine's share is not less.
    """
    return duckdb.connect(
        config={
            "memory_limit": f"{min(memory_limit(), most_memory) >> 20}MiB",
            # Right below the survey: DuckDB makes the last folder of a path, and no more, when it first spills.
            "temp_directory": str(survey / f"spilled-{os.getpid()}-{uuid4().hex[:8]}"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
        }
    )


def memory_limit() -> int:
    """Octets: two fifths of the machine's, within half a gibibyte and four."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(min(max(_SHARE_OF_MEMORY * machine, _LEAST_MEMORY), _MOST_MEMORY))


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def file_list(root: Path, paths: list[str]) -> str:
    """``read_parquet`` over files named one by one: what lies beside them is never looked at."""
    names = ", ".join(quoted(str(root / path)) for path in paths)
    return f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
