"""Runs the examples that a file of fingerprints embeds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ebbtide.judge.fingerprints.matching import FileMatcher, told_by
from ebbtide.judge.fingerprints.records import (
    Example,
    ExampleFailure,
    Fingerprint,
    FingerprintFile,
    ShadowedExample,
    VerifySummary,
)
from ebbtide.model.errors import FingerprintError

MOST_EXAMPLE_BYTES = 1 << 20
"""A file that an example names may have so many."""


def verify_files(files: Sequence[FingerprintFile]) -> VerifySummary:
    """Run every example of some files.

    Raises:
        FingerprintError: A file that an example names cannot be read.
    """
    fingerprints = [fingerprint for file in files for fingerprint in file.fingerprints]
    examples = [example for fingerprint in fingerprints for example in fingerprint.examples]
    refused = tuple(refused for file in files for refused in file.refused)
    findings = [finding for file in files for finding in _verify_file(file)]
    return VerifySummary(
        files=len(files),
        fingerprints=len(fingerprints) + len(refused),
        examples=len(examples),
        expected_values=sum(len(example.expected) for example in examples),
        failures=tuple(finding for finding in findings if isinstance(finding, ExampleFailure)),
        refused=refused,
        without_examples=tuple(fingerprint.id for fingerprint in fingerprints if not fingerprint.examples),
        shadowed=tuple(finding for finding in findings if isinstance(finding, ShadowedExample)),
    )


def _verify_file(file: FingerprintFile) -> Iterator[ExampleFailure | ShadowedExample]:
    """What is wrong with the examples of one file."""
    matcher = FileMatcher(file)
    for fingerprint in file.fingerprints:
        for example in fingerprint.examples:
            data = _data_of(file, example)
            reasons = _broken_expectations(file, fingerprint, example, data)
            yield from (ExampleFailure(file.path, example.line, fingerprint.id, reason) for reason in reasons)
            first = matcher.match(data)
            if not reasons and (first is None or first.fingerprint != fingerprint.id):
                taken_by = "" if first is None else first.fingerprint
                yield ShadowedExample(file.path, example.line, fingerprint.id, taken_by)


def _broken_expectations(file: FingerprintFile, fingerprint: Fingerprint, example: Example, data: bytes) -> list[str]:
    """Why an example does not hold; empty if it does."""
    found = fingerprint.pattern.search(data)
    if found is None:
        return ["the pattern does not match the example."]
    params = told_by(fingerprint, found, file.protocol).params
    return [
        f"{name} is {params[name]!r}, not {value!r}."
        if name in params
        else f"{name} is not given; {value!r} is expected."
        for name, value in example.expected
        if params.get(name) != value
    ]


def _data_of(file: FingerprintFile, example: Example) -> bytes:
    """The bytes of an example, from the folder beside the XML if it names a file there."""
    if not example.file_name:
        return example.data
    where = f"{file.path}:{example.line}"
    folder = Path(file.folder).resolve()
    path = (folder / example.file_name).resolve()
    if not path.is_relative_to(folder):
        raise FingerprintError(f"the example's file {example.file_name!r} lies outside {folder}.", where=where)
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_EXAMPLE_BYTES + 1)
    except OSError as error:
        what = f"the example's file {example.file_name!r} cannot be read: {error.strerror}."
        raise FingerprintError(what, where=where) from error
    if len(data) > MOST_EXAMPLE_BYTES:
        raise FingerprintError(
            f"the example's file {example.file_name!r} is over {MOST_EXAMPLE_BYTES} bytes.", where=where
        )
    return data
