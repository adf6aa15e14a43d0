"""Holds a value against the fingerprints of one file and gives the parameters of the first that matches."""

from collections.abc import Mapping

from ebbtide.judge.fingerprints.records import TEMPORARY_PREFIX, Fingerprint, FingerprintFile, FingerprintMatch
from ebbtide.patterns.literals import LiteralSet
from ebbtide.patterns.regex import Match
from ebbtide.patterns.text import normalise_text

_PROTOCOL = "service.protocol"
_NO_VERSION = "-"


class FileMatcher:
    """The fingerprints of one file behind a prefilter."""

    def __init__(self, file: FingerprintFile) -> None:
        self.file = file
        self._literals = LiteralSet(fingerprint.pattern.literals for fingerprint in file.fingerprints)

    def match(self, value: bytes) -> FingerprintMatch | None:
        """What the first fingerprint that matches tells."""
        for number in self._literals.candidates(value):
            fingerprint = self.file.fingerprints[number]
            found = fingerprint.pattern.search(value)
            if found is not None:
                return told_by(fingerprint, found, self.file.protocol)
        return None


def told_by(fingerprint: Fingerprint, found: Match, protocol: str) -> FingerprintMatch:
    """Fill the parameters of a fingerprint from its match; only its constants are read for ``{name}``."""
    values: dict[str, str] = {}
    constants: set[str] = set()
    for param in fingerprint.params:
        held = param.value if param.group == 0 else _text(found.group(param.group))
        if held is not None:
            values[param.name] = held
            (constants.add if param.group == 0 else constants.discard)(param.name)
    if protocol:
        values.setdefault(_PROTOCOL, protocol)
    params = {
        name: filled
        for name, value in values.items()
        if not name.startswith(TEMPORARY_PREFIX)
        and (filled := _interpolate(value, values, name) if name in constants else value) is not None
    }
    return FingerprintMatch(fingerprint.id, fingerprint.description, params, fingerprint.certainty)


def _interpolate(template: str, values: Mapping[str, str], given: str) -> str | None:
    """Put other parameters for ``{name}``, once; what was put in is never read again.

    A parameter that is missing is ``-`` in a CPE, and takes any other value with it.
    """
    is_cpe = given.endswith("cpe23")
    if "{" not in template:
        return template
    parts: list[str] = []
    rest = template
    while True:
        before, opened, after = rest.partition("{")
        name, closed, following = after.partition("}")
        parts.append(before)
        if not opened:
            return "".join(parts)
        if not closed:
            parts.append(opened + after)
            return "".join(parts)
        value = values.get(name, _NO_VERSION if is_cpe else None)
        if value is None:
            return None
        parts.append(value)
        rest = following


def _text(held: bytes | None) -> str | None:
    """A captured value as text."""
    return None if held is None else normalise_text(held).decode("utf-8")
