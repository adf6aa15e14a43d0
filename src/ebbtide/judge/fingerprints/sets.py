"""Fingerprints of software in recog's format: load files of them, ask them, list them, prove them by their examples."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ebbtide.judge.fingerprints.matching import FileMatcher
from ebbtide.judge.fingerprints.reading import read_fingerprint_file
from ebbtide.judge.fingerprints.records import (
    FingerprintFile,
    FingerprintLine,
    FingerprintMatch,
    RefusedFingerprint,
    VerifySummary,
)
from ebbtide.judge.fingerprints.verifying import verify_files
from ebbtide.model.errors import FingerprintError

OWN_PACK = Path(__file__).parents[1] / "packs" / "servers"
"""The fingerprints that come with Ebbtide."""


class FingerprintSet:
    """Fingerprints of any number of files, asked by key.

    Args:
        files: The files; those with a higher preference are asked first, equal ones in the order given.
    """

    def __init__(self, files: Iterable[FingerprintFile]) -> None:
        self.files = tuple(sorted(files, key=lambda file: -file.preference))
        self._matchers: dict[str, list[FileMatcher]] = {}
        for file in self.files:
            self._matchers.setdefault(file.key, []).append(FileMatcher(file))

    @property
    def keys(self) -> frozenset[str]:
        """What values its files are held against."""
        return frozenset(self._matchers)

    @property
    def digest(self) -> str:
        """Hash of the files and of the order in which they are asked, 16 hexadecimal digits."""
        text = "\n".join(f"{file.name} {file.digest}" for file in self.files)
        return hashlib.blake2b(text.encode("utf-8"), digest_size=8).hexdigest()

    @property
    def refused(self) -> tuple[RefusedFingerprint, ...]:
        """Fingerprints that RE2 cannot run, with the reason."""
        return tuple(refused for file in self.files for refused in file.refused)

    def match(self, key: str, value: bytes) -> FingerprintMatch | None:
        """What the first fingerprint that matches tells.

        Args:
            key: What the value is, for example ``http_header.server``.
            value: As received.
        """
        return next(iter(self.matches(key, value)), None)

    def matches(self, key: str, value: bytes) -> tuple[FingerprintMatch, ...]:
        """The first match of each file that has this key, the most preferred file first."""
        found = (matcher.match(value) for matcher in self._matchers.get(key, ()))
        return tuple(match for match in found if match is not None)

    def joined(self, *others: "FingerprintSet") -> "FingerprintSet":
        """One set of the files of several."""
        return FingerprintSet([*self.files, *(file for other in others for file in other.files)])


def load_fingerprints(path: Path) -> FingerprintSet:
    """Load a file, or all ``*.xml`` files of a folder.

    Raises:
        FingerprintError: A file cannot be used; the error names it, the line and the reason.
    """
    return FingerprintSet(read_fingerprint_file(file) for file in _xml_files(path))


def load_own_fingerprints() -> FingerprintSet:
    """Load the fingerprints that come with Ebbtide."""
    return load_fingerprints(OWN_PACK)


def list_fingerprints(fingerprints: FingerprintSet) -> tuple[FingerprintLine, ...]:
    """Every fingerprint of a set as a line of a table, in the order in which they are asked."""
    return tuple(
        FingerprintLine(
            id=fingerprint.id,
            file=file.path,
            line=fingerprint.line,
            key=file.key,
            pattern=fingerprint.pattern.source,
            family=fingerprint.family,
            description=fingerprint.description,
            example_count=len(fingerprint.examples),
        )
        for file in fingerprints.files
        for fingerprint in file.fingerprints
    )


def verify(path: Path) -> VerifySummary:
    """Run every example that a file, or the files of a folder, embed.

    Raises:
        FingerprintError: A file cannot be used.
    """
    return verify_files([read_fingerprint_file(file) for file in _xml_files(path)])


def _xml_files(path: Path) -> list[Path]:
    """The file itself, or the XML files of a folder by name."""
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.xml"))
    if not files:
        raise FingerprintError("the folder holds no file *.xml.", where=str(path))
    return files
