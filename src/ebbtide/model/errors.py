"""Mistakes of the caller. What a remote server does is never an exception; see ``outcomes``."""


class EbbtideError(Exception):
    """A mistake that the caller can mend; the command line prints its sentence and exits with 2.

    Args:
        what: The sentence: which value is wrong and why.
        where: File and line, or dotted key, or address of the mistake; empty if there is none.
        remedy: How to mend it; empty if the sentence says so already.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        place = f"{where}: " if where else ""
        advice = f" {remedy}" if remedy else ""
        super().__init__(f"{place}{what}{advice}")


class ConfigurationError(EbbtideError):
    """``survey.toml`` or an option cannot be used as it stands."""


class FrameError(EbbtideError):
    """A source of the frame cannot be read, or one of its lines names no target."""


class ConductError(EbbtideError):
    """The rules of conduct forbid what was asked: closed scope, missing identity, missing authority."""


class SurveyFolderError(EbbtideError):
    """The survey's folder is missing, already there, or written by a newer version."""


class RoundError(EbbtideError):
    """The round is not in the state that the command needs (absent, open, sealed)."""


class CheckError(EbbtideError):
    """A check or a template cannot be used; the sentence says which key is wrong."""


class FingerprintError(EbbtideError):
    """A file of fingerprints cannot be used."""


class PatternError(EbbtideError):
    """A pattern cannot be compiled, or asks for something (look-around) that is refused."""


class EstimateError(EbbtideError):
    """A question cannot be answered from the rounds that are there."""


class ScenarioMismatchError(EbbtideError):
    """A file of truth does not belong to the survey that it is held against."""
