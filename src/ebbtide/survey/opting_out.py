"""The survey's file of opt-outs: one line added at a time, and the whole of it held against the frame."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from ebbtide.conduct.exclusions import parse_excluded
from ebbtide.conduct.opt_out_audit import AuditedOptOut, OptOutAudit
from ebbtide.conduct.opt_outs import OptOut, read_opt_outs, with_opt_out
from ebbtide.frame.sources import read_targets
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import ConductError
from ebbtide.rounds.durable import write_file
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.locking import try_lock
from ebbtide.survey.conduct import known_addresses
from ebbtide.survey.settings import CONFIGURATION

_PATIENCE_S = 10.0


class OptOutReport(msgspec.Struct, frozen=True):
    """All opt-outs of a survey.

    Attributes:
        path: The file.
        names: Lines of the frame whose address is not known before they are resolved: prefixes may close them too.
    """

    path: str
    opt_outs: tuple[AuditedOptOut, ...]
    names: int


def add_opt_out(folder: SurveyFolder, config: SurveyConfig, opt_out: OptOut) -> Path:
    """Write one opt-out at the end of the survey's file, whole or not at all.

    Args:
        folder: The survey.
        config: ``scope.opt_out`` names the file; it is made if missing.
        opt_out: What to write; who and reason are needed.

    Returns:
        The file.

    Raises:
        ConductError: It names nothing that can be closed, lacks who or reason, has ended already, or the file cannot be
            used as it stands.
    """
    path = _file(folder, config)
    parse_excluded(opt_out.what, "WHAT")
    if not (opt_out.who.strip() and opt_out.reason.strip()):
        raise ConductError("an opt-out says who asked for it and why.", remedy="Give --who and --reason.")
    if not opt_out.holds_on(datetime.now(UTC).date()):
        raise ConductError(f"{opt_out.expires} has passed.", where="--expires", remedy="Name a day to come, or none.")
    with _alone(path):
        text = path.read_text(encoding="utf-8-sig") if path.exists() and read_opt_outs(path) is not None else ""
        write_file(path, with_opt_out(text, opt_out).encode())
    read_opt_outs(path)
    return path


def audit_opt_outs(folder: SurveyFolder, config: SurveyConfig, day: date) -> OptOutReport:
    """Hold all opt-outs against the frame; no packet is sent.

    Raises:
        ConductError: There is no file of opt-outs, or it cannot be read.
        FrameError: A source of the frame cannot be read.
    """
    path = _file(folder, config)
    audit = OptOutAudit(read_opt_outs(path), day)
    names = 0
    for target in read_targets(config.frame, folder.path):
        addresses = known_addresses(target)
        names += not addresses
        audit.note(target.host, addresses)
    return OptOutReport(str(path), audit.results(), names)


def _file(folder: SurveyFolder, config: SurveyConfig) -> Path:
    if not config.scope.opt_out:
        raise ConductError(
            "the survey names no file of opt-outs.",
            where=f"{folder.path / CONFIGURATION}: scope.opt_out",
            remedy='Write opt_out = "opt-outs.csv" in [scope].',
        )
    return folder.path / config.scope.opt_out


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the right to change a file; others wait for a moment."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        give_up = time.monotonic() + _PATIENCE_S
        while not try_lock(descriptor):
            if time.monotonic() > give_up:
                raise ConductError("another process is changing the file of opt-outs.", where=str(path))
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
