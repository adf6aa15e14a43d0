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
from ebbtide.judge.software.pieces import is_fed

MOST_EXAMPLE_BYTES = 1 << 20
"""A file that an example names may have so many."""


def verify_files(files: Sequence[FingerprintFile]) -> VerifySummary:
    """Run every example of some files; one whose own file cannot be read has failed."""
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
        not_fed=tuple(sorted({file.key for file in files if not is_fed(file.key)})),
    )


def _verify_file(file: FingerprintFile) -> Iterator[ExampleFailure | ShadowedExample]:
    """What is wrong with the examples of one file."""
    matcher = FileMatcher(file)
    for fingerprint in file.fingerprints:
        for example in fingerprint.examples:
            data = _data_of(file, example)
            if isinstance(data, str):
                yield ExampleFailure(file.path, example.line, fingerprint.id, data)
                continue
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


def _data_of(file: FingerprintFile, example: Example) -> bytes | str:
    """The bytes of an example, from the folder beside the XML if it names a file there; else a sentence why not."""
    if not example.file_name:
        return example.data
    folder = Path(file.folder).resolve()
    path = (folder / example.file_name).resolve()
    if not path.is_relative_to(folder):
        return f"the example's file {example.file_name!r} lies outside {folder}."
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_EXAMPLE_BYTES + 1)
    except OSError as error:
        return f"the example's file {example.file_name!r} cannot be read: {error.strerror}."
    if len(data) > MOST_EXAMPLE_BYTES:
        return f"the example's file {example.file_name!r} is over {MOST_EXAMPLE_BYTES} bytes."
    return data
