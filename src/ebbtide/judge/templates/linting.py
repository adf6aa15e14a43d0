"""What can be run of a file or folder of templates, and why not the rest."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ebbtide.judge.templates.reading import read_template_file, template_files
from ebbtide.model.errors import CheckError
from ebbtide.model.targets import Level


class LintLine(msgspec.Struct, frozen=True):
    """One template.

    Attributes:
        id: Of the template; empty if the file is no template.
        reasons: Why it is not run: words of conduct first, then ``unsupported: <feature>``, or ``broken: <sentence>``.
        requests: How many requests it sends to a target.
        level: ``passive`` if it asks only for ``/`` and absent names.
    """

    id: str
    path: str
    runnable: bool
    reasons: tuple[str, ...]
    requests: int
    level: Level


def lint(path: Path) -> Iterator[LintLine]:
    """Read a template, or all templates of a folder, and say what would be run.

    Args:
        path: A file, or a folder that is searched with all that lies in it.

    Raises:
        CheckError: There is nothing of that name.
    """
    for file in template_files(path):
        yield _lint_file(file)


def _lint_file(file: Path) -> LintLine:
    try:
        reading = read_template_file(file)
    except CheckError as error:
        return LintLine("", str(file), runnable=False, reasons=(f"broken: {error}",), requests=0, level=Level.ACTIVE)
    return LintLine(
        id=reading.id,
        path=str(file),
        runnable=reading.template is not None,
        reasons=reading.refusals.reasons,
        requests=reading.requests,
        level=Level.PASSIVE if reading.is_passive else Level.ACTIVE,
    )
