"""Fingerprints as recog writes them, what a match gives, and what a file's own examples proved."""

import msgspec

from ebbtide.patterns.regex import Pattern

DEFAULT_PREFERENCE = 0.1
"""For a file that names none; higher is asked first."""

DEFAULT_CERTAINTY = 0.85
"""For a fingerprint that names none."""

FAMILY_PARAM = "ebbtide.family"
"""Our own parameter: the id of the product line."""

ROLE_PARAM = "ebbtide.role"
"""Our own parameter: ``server``, ``os``, ``language``, ``application`` or ``module``."""

TEMPORARY_PREFIX = "_tmp."
"""Parameters that serve only to build others; a match does not give them."""


class Param(msgspec.Struct, frozen=True):
    """One value that a match gives.

    Attributes:
        group: Which capture holds it; 0 for a constant.
        value: The constant, in which ``{name}`` stands for another parameter; empty if a capture holds it.
    """

    name: str
    group: int
    value: str = ""


class Example(msgspec.Struct, frozen=True):
    """Something that the fingerprint must match.

    Attributes:
        data: The bytes; empty if a file holds them.
        file_name: Name of that file in the folder beside the XML; empty if there is none.
        expected: Parameters and the values they must have.
    """

    line: int
    data: bytes
    file_name: str
    expected: tuple[tuple[str, str], ...]


class Fingerprint(msgspec.Struct, frozen=True):
    """One pattern and what it tells.

    Attributes:
        id: Name of the file and slug of the description, for example ``servers#nginx``; unique in its file.
        certainty: 0 to 1.
    """

    id: str
    line: int
    description: str
    pattern: Pattern
    params: tuple[Param, ...]
    examples: tuple[Example, ...]
    certainty: float = DEFAULT_CERTAINTY

    @property
    def family(self) -> str:
        """The family that it names; empty if none."""
        return next((param.value for param in self.params if param.name == FAMILY_PARAM), "")


class RefusedFingerprint(msgspec.Struct, frozen=True):
    """A fingerprint whose pattern asks for what RE2 lacks; it never matches."""

    id: str
    file: str
    line: int
    reason: str
    example_count: int


class FingerprintFile(msgspec.Struct, frozen=True):
    """One XML file as read.

    Attributes:
        name: File name without folder and extension.
        key: What its fingerprints are held against, for example ``http_header.server``.
        protocol: Given as ``service.protocol`` where a fingerprint does not say another one.
        preference: Files with a higher one are asked first.
        folder: Where files named by examples lie.
        digest: Hash of the file's bytes, 16 hexadecimal digits.
    """

    name: str
    path: str
    folder: str
    key: str
    protocol: str
    preference: float
    fingerprints: tuple[Fingerprint, ...]
    refused: tuple[RefusedFingerprint, ...]
    digest: str


class FingerprintMatch(msgspec.Struct, frozen=True):
    """What a fingerprint tells about a value.

    Attributes:
        fingerprint: Its id.
        params: Name to value, temporary ones left out.
    """

    fingerprint: str
    description: str
    params: dict[str, str]
    certainty: float


class FingerprintLine(msgspec.Struct, frozen=True):
    """A line of ``ebbtide fingerprints list``."""

    id: str
    file: str
    line: int
    key: str
    pattern: str
    family: str
    description: str
    example_count: int


class ExampleFailure(msgspec.Struct, frozen=True):
    """An example that its own fingerprint does not bear out."""

    file: str
    line: int
    fingerprint: str
    reason: str


class ShadowedExample(msgspec.Struct, frozen=True):
    """An example that an earlier fingerprint of the same file takes; not a failure."""

    file: str
    line: int
    fingerprint: str
    taken_by: str


class VerifySummary(msgspec.Struct, frozen=True):
    """What the examples of one or more files proved.

    Attributes:
        fingerprints: How many there are, refused ones included.
        examples: Examples that were tried.
        expected_values: Values that examples demand.
        failures: Examples that do not match or give another value.
        refused: Fingerprints that RE2 cannot run.
        without_examples: Ids of fingerprints that prove nothing.
        shadowed: Examples that an earlier fingerprint takes first.
        not_fed: What files are held against though no answer of a web server holds it.
    """

    files: int
    fingerprints: int
    examples: int
    expected_values: int
    failures: tuple[ExampleFailure, ...]
    refused: tuple[RefusedFingerprint, ...]
    without_examples: tuple[str, ...]
    shadowed: tuple[ShadowedExample, ...]
    not_fed: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Every fingerprint runs and every example holds."""
        return not self.failures and not self.refused
