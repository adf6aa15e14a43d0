"""A survey's folder: ``survey.json``, written once, and the rounds below it."""

import os
import re
import secrets
from datetime import date
from pathlib import Path

import msgspec

from ebbtide.model.errors import RoundError, SurveyFolderError
from ebbtide.rounds.durable import make_folder, write_file
from ebbtide.rounds.entries import FORMAT
from ebbtide.rounds.round import Round

SHARDS = 16
_SALT_BYTES = 16
_LABEL = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}\Z")

AUDITS = "audits"
"""Folder of the samples that people look at; see ``ebbtide audit``."""


class _Identity(msgspec.Struct, frozen=True):
    """The content of ``survey.json``."""

    format: int
    shards: int
    salt: str


class SurveyFolder:
    """A survey on disk; made by ``create`` or ``open``.

    Attributes:
        path: Its folder.
        shards: Into how many shards every table is divided, a power of two.
        salt: Its secret, from which absent names are made.
    """

    def __init__(self, path: Path, shards: int, salt: bytes) -> None:
        self.path = path
        self.shards = shards
        self.salt = salt

    @classmethod
    def create(cls, path: Path) -> "SurveyFolder":
        """Make a survey; files that are there already stay.

        Raises:
            SurveyFolderError: A survey is there already, or the folder cannot be made.
        """
        path = path.absolute()
        if (path / "survey.json").exists():
            raise SurveyFolderError(f"{path} holds a survey already.", remedy="Name another folder.")
        identity = _Identity(FORMAT, SHARDS, secrets.token_hex(_SALT_BYTES))
        try:
            make_folder(path / "rounds")
            write_file(path / "survey.json", msgspec.json.format(msgspec.json.encode(identity), indent=1) + b"\n")
        except OSError as error:
            raise SurveyFolderError(f"{path} cannot be made ({os.strerror(error.errno or 0)}).") from error
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> "SurveyFolder":
        """Open a survey.

        Raises:
            SurveyFolderError: There is none, it is damaged, or a newer version made it.
        """
        path = path.absolute()
        file = path / "survey.json"
        try:
            identity = msgspec.json.decode(file.read_bytes(), type=_Identity)
            salt = bytes.fromhex(identity.salt)
        except OSError as error:
            raise SurveyFolderError(
                f"{path} is no survey's folder ({os.strerror(error.errno or 0)}: survey.json).",
                remedy="Make one with: ebbtide survey init DIR",
            ) from error
        except ValueError as error:
            raise SurveyFolderError(f"survey.json is damaged: {error}.", where=str(file)) from error
        if identity.format > FORMAT:
            raise SurveyFolderError(
                f"the survey has format {identity.format}; this version reads up to {FORMAT}.",
                where=str(file),
                remedy="Use a newer version of Ebbtide.",
            )
        if identity.shards < 1 or identity.shards & (identity.shards - 1):
            raise SurveyFolderError(f"{identity.shards} shards are not a power of two.", where=str(file))
        return cls(path, identity.shards, salt)

    def labels(self) -> tuple[str, ...]:
        """Labels of all rounds, sorted."""
        folder = self.path / "rounds"
        names = [each.name for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
        return tuple(sorted(name for name in names if _LABEL.match(name) and self._round(name).exists))

    def has_round(self, label: str) -> bool:
        """Whether a round of that label was ever opened."""
        return bool(_LABEL.match(label)) and self._round(label).exists

    def round(self, label: str) -> Round:
        """A round that is there.

        Raises:
            RoundError: There is none of that label.
            SurveyFolderError: Its log is damaged, or a newer version wrote it.
        """
        if not self.has_round(label):
            known = ", ".join(self.labels()) or "none"
            raise RoundError(f"there is no round {label!r}.", remedy=f"Rounds of this survey: {known}.")
        return self._round(label)

    def judged(self) -> tuple[str, ...]:
        """Labels of the rounds that have a judgement, by reference date."""
        found = [each for label in self.labels() if (each := self.round(label)).judgement]
        return tuple(each.label for each in sorted(found, key=lambda each: (each.reference_date, each.label)))

    def last_judged(self) -> str:
        """The last of them.

        Raises:
            RoundError: There is none.
        """
        found = self.judged()
        if not found:
            raise RoundError("no round of this survey is judged yet.", remedy="Seal one, then: ebbtide judge ROUND")
        return found[-1]

    def create_round(self, label: str, reference_date: str, software: str = "") -> Round:
        """Open a new round.

        Args:
            label: Digits, letters and hyphens, for example ``2001-07``.
            reference_date: ISO date on which vendors' dates are judged.
            software: Version that opens it, for the record.

        Raises:
            RoundError: The label or date cannot be used, or the round exists.
        """
        check_label(label)
        check_date(reference_date)
        made = self._round(label)
        if made.exists:
            raise RoundError(f"round {label} exists already.")
        made.open_log(label, reference_date, software)
        return made

    def round_folder(self, label: str) -> Path:
        """Where a round of that label lies or would lie."""
        return self.path / "rounds" / label

    def _round(self, label: str) -> Round:
        return Round(self.path, label, self.shards)


def check_label(label: str) -> None:
    """Refuse what cannot be a round's label.

    Raises:
        RoundError: It is not made of digits, letters and hyphens.
    """
    if not _LABEL.match(label):
        raise RoundError(
            f"{label!r} cannot be a round's label.", remedy="Use digits, letters and hyphens, as in 2001-07."
        )


def check_date(text: str) -> None:
    """Refuse what is no reference date.

    Raises:
        RoundError: It is not written as 2001-07-15, or no such day exists.
    """
    try:
        is_date = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_date = False
    if not is_date:
        raise RoundError(f"{text!r} is no date.", remedy="Write the reference date as 2001-07-15.")
