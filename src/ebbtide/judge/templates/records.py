"""What a template asks and how it decides: frozen records of the plain part of the nuclei template format.

Matchers and extractors are small closed unions; a further kind is a further record here, a case in ``matching`` and a
reader in ``operator_reading``.
"""

import msgspec

from ebbtide.model.transcripts import Method
from ebbtide.patterns.regex import Pattern


class WordMatcher(msgspec.Struct, frozen=True):
    """Looks for byte strings in a part.

    Attributes:
        part: Part of the answer, as ``parts`` names them.
        words: What is looked for; lower case already when ``ignores_case``.
        wants_all: Every word must be there, else any.
        is_negative: The outcome is turned round, if the part is there at all.
        has_placeholders: Some word holds ``{{`` and is filled in for each target.
    """

    part: str
    words: tuple[bytes, ...]
    wants_all: bool = False
    is_negative: bool = False
    ignores_case: bool = False
    has_placeholders: bool = False
    name: str = ""


class StatusMatcher(msgspec.Struct, frozen=True):
    """The status code is one of these."""

    codes: tuple[int, ...]
    is_negative: bool = False
    name: str = ""


class RegexMatcher(msgspec.Struct, frozen=True):
    """Looks for patterns in a part."""

    part: str
    patterns: tuple[Pattern, ...]
    wants_all: bool = False
    is_negative: bool = False
    name: str = ""


Matcher = WordMatcher | StatusMatcher | RegexMatcher


class RegexExtractor(msgspec.Struct, frozen=True):
    """Takes what a group of a pattern holds, everywhere in a part."""

    part: str
    patterns: tuple[Pattern, ...]
    group: int = 0
    name: str = ""


class KvalExtractor(msgspec.Struct, frozen=True):
    """Takes whole parts, mostly fields, by their names."""

    keys: tuple[str, ...]
    ignores_case: bool = False
    name: str = ""


Extractor = RegexExtractor | KvalExtractor


class Block(msgspec.Struct, frozen=True):
    """One ``http`` entry.

    Attributes:
        paths: Path templates without the address, each starting with ``/``; ``{{absent}}`` and names of the target
            are filled in for each target.
        fields: Static fields of the request.
        wants_all: Every matcher must match (``matchers-condition: and``), else any.
        stops_at_first_match: Later paths are not looked at once one has matched.
        most_body_bytes: No more of the body is judged; ``None`` for all.
    """

    method: Method
    paths: tuple[str, ...]
    fields: tuple[tuple[str, str], ...] = ()
    matchers: tuple[Matcher, ...] = ()
    wants_all: bool = False
    extractors: tuple[Extractor, ...] = ()
    stops_at_first_match: bool = False
    most_body_bytes: int | None = None


class Template(msgspec.Struct, frozen=True):
    """One template that can be run. ``version``: hash of its block, 16 hexadecimal digits."""

    id: str
    version: str
    name: str
    severity: str
    tags: tuple[str, ...]
    references: tuple[str, ...]
    remediation: str
    file: str
    block: Block


class Refusals(msgspec.Struct, frozen=True):
    """Why a template is not run.

    Attributes:
        conduct: What it asks is against the rules: ``non-get``, ``body``, ``oast``, ``self-contained``, ``unsafe``,
            ``other-protocol``, ``fuzzing``, ``attack-path``, ``credentials``, ``forged-origin``, ``foreign-host``,
            ``tag-intrusive``, ``tag-dos``, ``tag-fuzz``.
        features: What this release cannot do, each as ``unsupported: <feature>``.
    """

    conduct: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """All of them, conduct first."""
        return self.conduct + self.features


class Reading(msgspec.Struct, frozen=True):
    """What came of reading one file.

    Attributes:
        template: ``None`` exactly when there are refusals.
        requests: How many requests it would send to a target.
        is_passive: It asks for nothing but ``/`` and absent names.
    """

    id: str
    file: str
    template: Template | None
    refusals: Refusals
    requests: int
    is_passive: bool
