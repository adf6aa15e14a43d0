"""How commands print: tables and sentences on standard output, progress on standard error, JSON where asked for."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ebbtide.cli.terminal_text import harmless

INTERRUPTED = 130
"""Exit code after an interrupt, as shells have it."""

Cell = str | int | float | None


class ProgressReport(Protocol):
    """What long work tells of itself now and then."""

    @property
    def done(self) -> int:
        """Units finished."""

    @property
    def total(self) -> int:
        """Units in all; 0 while that is not known."""

    @property
    def what(self) -> str:
        """What is being done."""

    @property
    def outcomes(self) -> dict[str, int]:
        """Counts worth seeing, by name."""

    @property
    def in_flight(self) -> int:
        """Units under way."""


def console() -> Console:
    """A console on standard output, as wide as the terminal, or wide enough for a table in a pipe."""
    return Console(width=None if sys.stdout.isatty() else 120, highlight=False, soft_wrap=False)


def print_json(value: object) -> None:
    """One JSON document, indented, on standard output."""
    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=_encode_other), indent=2)
    sys.stdout.write(text.decode() + "\n")


def print_json_lines(values: Iterable[object]) -> None:
    """One JSON document a line on standard output."""
    for value in values:
        sys.stdout.write(msgspec.json.encode(value, enc_hook=_encode_other).decode() + "\n")


def _encode_other(value: Any) -> object:
    """Values of a database that JSON has no form for."""
    return value.hex() if isinstance(value, bytes) else str(value)


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Sequence[int] = ()
) -> None:
    """A table; text in it is data and never markup or a control sequence.

    Args:
        title: Stands above the table; may be empty.
        columns: Heads.
        rows: As many cells as heads; ``None`` prints as a dash.
        right: Positions of the columns that are set to the right.
    """
    table = Table(title=escape(title) or None, title_justify="left", header_style="bold")
    for position, name in enumerate(columns):
        table.add_column(name, justify="right" if position in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("-" if cell is None else escape(harmless(str(cell))) for cell in row))
    console().print(table)


def print_line(text: str = "") -> None:
    """One line of plain text."""
    sys.stdout.write(harmless(text) + "\n")


def print_notice(sentence: str) -> None:
    """A sentence on standard error that is no mistake."""
    sys.stderr.write(f"note: {harmless(sentence)}\n")


@contextmanager
def told_how_to_go_on(command: str) -> Iterator[None]:
    """Whoever interrupts long work is told that nothing is lost, and the command that goes on with it.

    Args:
        command: That command.
    """
    try:
        yield
    except KeyboardInterrupt:
        end_interrupted(command)


def end_interrupted(command: str) -> NoReturn:
    """End the program as interrupted.

    Args:
        command: Goes on with what was under way.
    """
    print_notice(f"interrupted; every answer is kept. Go on with: {command}")
    sys.exit(INTERRUPTED)


class _RateColumn(ProgressColumn):
    """Targets a second, over the last seconds."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


@contextmanager
def progress_bar(what: str, *, quiet: bool = False) -> Iterator[Callable[[ProgressReport], None]]:
    """A bar with count, rate and time left on standard error; silent when standard error is no terminal.

    Args:
        what: Stands before the bar.
        quiet: Show nothing at all.

    Yields:
        A function that takes each report.
    """
    screen = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[counts]}"),
        console=screen,
        disable=quiet or not screen.is_terminal,
        transient=True,
    )
    task = bar.add_task(what, total=None, counts="")

    def advance(report: ProgressReport) -> None:
        shown = ", ".join(f"{name} {count:,}" for name, count in sorted(report.outcomes.items()))
        shown += f", {report.in_flight:,} in flight" if report.in_flight else ""
        bar.update(task, completed=report.done, total=report.total or None, description=report.what, counts=shown)

    with bar:
        yield advance
