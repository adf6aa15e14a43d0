"""Reading the frame: every source in turn, one target at a time."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, assert_never

from ebbtide.frame.entries import Defaults, list_targets
from ebbtide.frame.lines import read_lines
from ebbtide.frame.prefixes import prefix_targets
from ebbtide.frame.tables import csv_targets, ranked_targets
from ebbtide.model.configuration import FrameSection, FrameSource
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import SchemePolicy, Target

_STANDARD_INPUT = "-"


def read_targets(section: FrameSection, folder: Path, stdin: BinaryIO | None = None) -> Iterator[Target]:
    """Read all targets of the frame, duplicates included.

    Args:
        section: The section ``[frame]``.
        folder: The survey's folder, which the paths of sources are relative to.
        stdin: What the source ``-`` reads; the process's standard input if it is ``None``.

    Returns:
        An iterator that holds one line of one source at a time.

    Raises:
        FrameError: At once if the frame names no source, standard input twice, or one port for both schemes; while
            iterating if a file cannot be read or a line names no target, naming file and line.
    """
    if not section.source:
        raise FrameError(
            "the frame names no source.", where="frame.source", remedy='Add [[frame.source]] with path = "hosts.txt".'
        )
    if sum(source.path == _STANDARD_INPUT for source in section.source) > 1:
        raise FrameError(
            "standard input is named by two sources.", where="frame.source", remedy="Name it once; it is read once."
        )
    if section.scheme is SchemePolicy.BOTH and section.port is not None:
        raise FrameError(
            f"port {section.port} cannot be that of both schemes.",
            where="frame.port",
            remedy="Leave it out, or write the port behind the host of each line.",
        )
    return _all_targets(section, folder, stdin)


def _all_targets(section: FrameSection, folder: Path, stdin: BinaryIO | None) -> Iterator[Target]:
    for index, source in enumerate(section.source):
        defaults = Defaults(section.scheme, section.port, source.stratum)
        if source.path == _STANDARD_INPUT:
            with nullcontext(stdin or sys.stdin.buffer) as stream:
                yield from _targets(stream, source, "standard input", defaults)
        else:
            yield from _file_targets(folder / source.path, source, f"frame.source[{index}].path", defaults)


def _file_targets(path: Path, source: FrameSource, key: str, defaults: Defaults) -> Iterator[Target]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise FrameError(
            f"{path} cannot be read ({error.strerror or type(error).__name__}).",
            where=key,
            remedy="Name a file relative to the survey's folder.",
        ) from error
    with stream:
        yield from _targets(stream, source, str(path), defaults)


def _targets(stream: BinaryIO, source: FrameSource, name: str, defaults: Defaults) -> Iterator[Target]:
    lines = read_lines(stream, name)
    match source.format:
        case "list":
            return (target for line in lines for target in list_targets(line, defaults))
        case "csv":
            return csv_targets(lines, defaults)
        case "ranked":
            return ranked_targets(lines, defaults)
        case "cidr":
            return prefix_targets(lines, defaults)
        case _:
            assert_never(source.format)
