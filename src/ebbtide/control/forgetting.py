"""Whoever is erased goes from the survey's ``control.sqlite``, too."""

from collections.abc import Callable
from pathlib import Path

from ebbtide.control.store import FILE, control_store

ERASED = "(erased)"


def forget_hosts(folder: Path, is_meant: Callable[[str], bool]) -> None:
    """Remove what was accepted of some hosts, and their names from the record of looks; that somebody looked stays."""
    if not (folder / FILE).exists():
        return
    with control_store(folder) as connection:
        for table, column in (("accepted", "host"), ("looks", "about")):
            named = [row[0] for row in connection.execute(f"SELECT DISTINCT {column} FROM {table}")]  # noqa: S608  # our own names
            meant = [(name,) for name in named if is_meant(name)]
            if table == "accepted":
                connection.executemany("DELETE FROM accepted WHERE host = ?", meant)
            else:
                connection.executemany(f"UPDATE looks SET about = '{ERASED}' WHERE about = ?", meant)  # noqa: S608  # our own word
