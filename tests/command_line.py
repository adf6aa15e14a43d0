"""The program's commands, run in this process: thirty interpreters would take a minute to start."""

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from ebbtide.cli.app import main


class Told(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str

    def document(self) -> Any:
        """What ``--json`` printed, as one document."""
        return json.loads(self.stdout)

    def lines(self) -> list[Any]:
        """What ``--json`` printed, as a document a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]


def ebbtide(*words: str | Path) -> Told:
    """Run a command as the program would."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["ebbtide", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
            return Told(code, out.getvalue(), err.getvalue())
    return Told(0, out.getvalue(), err.getvalue())
