"""What a template asks and how it decides: frozen records of the plain part of the nuclei template format.

Matchers and extractors are small closed unions; a further kind is a further record here, a case in ``matching`` and a
reader in ``operator_reading``.
"""

from enum import StrEnum

import msgspec

from ebbtide.judge.templates.dsl.compiling import Expression
from ebbtide.judge.templates.flows import Flow
from ebbtide.model.transcripts import Method
from ebbtide.patterns.regex import Pattern


class WordMatcher(msgspec.Struct, frozen=True, tag=True):
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


class StatusMatcher(msgspec.Struct, frozen=True, tag=True):
    """The status code is one of these."""

    codes: tuple[int, ...]
    is_negative: bool = False
    name: str = ""


class RegexMatcher(msgspec.Struct, frozen=True, tag=True):
    """Looks for patterns in a part."""

    part: str
    patterns: tuple[Pattern, ...]
    wants_all: bool = False
    is_negative: bool = False
    name: str = ""


class SizeMatcher(msgspec.Struct, frozen=True, tag=True):
    """A part is so many octets long."""

    part: str
    sizes: tuple[int, ...]
    is_negative: bool = False
    name: str = ""


class XPathMatcher(msgspec.Struct, frozen=True, tag=True):
    """Asks a part, read as HTML or XML, for nodes."""

    part: str
    queries: tuple[str, ...]
    wants_all: bool = False
    is_negative: bool = False
    name: str = ""


class DslMatcher(msgspec.Struct, frozen=True, tag=True):
    """Expressions that must be true; one without a value is not.

    Attributes:
        names: Variables that they ask for, parts of the answer among them.
    """

    expressions: tuple[Expression, ...]
    names: frozenset[str]
    wants_all: bool = False
    is_negative: bool = False
    name: str = ""


Matcher = WordMatcher | StatusMatcher | RegexMatcher | SizeMatcher | XPathMatcher | DslMatcher


class RegexExtractor(msgspec.Struct, frozen=True, tag=True):
    """Takes what a group of a pattern holds, everywhere in a part.

    Attributes:
        is_internal: Here as in the other extractors: only matchers and other extractors see what it takes.
    """

    part: str
    patterns: tuple[Pattern, ...]
    group: int = 0
    name: str = ""
    is_internal: bool = False


class KvalExtractor(msgspec.Struct, frozen=True, tag=True):
    """Takes whole parts, mostly fields, by their names."""

    keys: tuple[str, ...]
    ignores_case: bool = False
    name: str = ""
    is_internal: bool = False


class JsonExtractor(msgspec.Struct, frozen=True, tag=True):
    """Takes what jq programs give of a part, read as JSON."""

    part: str
    programs: tuple[str, ...]
    name: str = ""
    is_internal: bool = False


class XPathExtractor(msgspec.Struct, frozen=True, tag=True):
    """Takes the text, or an attribute, of nodes of a part, read as HTML or XML."""

    part: str
    queries: tuple[str, ...]
    attribute: str = ""
    name: str = ""
    is_internal: bool = False


class DslExtractor(msgspec.Struct, frozen=True, tag=True):
    """Takes the values of expressions."""

    expressions: tuple[Expression, ...]
    name: str = ""
    is_internal: bool = False


Extractor = RegexExtractor | KvalExtractor | JsonExtractor | XPathExtractor | DslExtractor


class Following(StrEnum):
    """Which redirects a block wants followed; each hop is an answer of its own."""

    NONE = "none"
    SAME_HOST = "same_host"
    ANYWHERE = "anywhere"


class Ask(msgspec.Struct, frozen=True):
    """One request of a block.

    Attributes:
        path: Path template without the address, starting with ``/``; ``{{absent}}`` and names of the target are filled
            in for each target.
        fields: Static fields of the request.
        settings: Names and values of the payloads that it was made with; words and expressions may ask for them.
    """

    path: str
    method: Method = Method.GET
    fields: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


class Block(msgspec.Struct, frozen=True):
    """One ``http`` entry.

    Attributes:
        asks: Its requests, in the order in which they are sent; none exactly if ``is_global``.
        wants_all: Every matcher must match (``matchers-condition: and``), else any.
        stops_at_first_match: Later requests are not looked at once one has matched.
        most_body_bytes: No more of the body is judged; ``None`` for all.
        following: Which redirects are followed.
        most_redirects: Hops in one chain; 0 where none is followed.
        is_internal: What matches here shows nothing; only a flow may ask for it.
        is_global: It asks nothing, and looks at every answer that there is.
        looks_back: Its matchers see earlier answers of the block: by number, or what extractors took of them.
    """

    asks: tuple[Ask, ...]
    matchers: tuple[Matcher, ...] = ()
    wants_all: bool = False
    extractors: tuple[Extractor, ...] = ()
    stops_at_first_match: bool = False
    most_body_bytes: int | None = None
    following: Following = Following.NONE
    most_redirects: int = 0
    is_internal: bool = False
    is_global: bool = False
    looks_back: bool = False


class Template(msgspec.Struct, frozen=True):
    """One template that can be run.

    Attributes:
        version: Hash of what decides, 16 hexadecimal digits.
        flow: Which blocks must match; any that is not internal where there is none.
    """

    id: str
    version: str
    name: str
    severity: str
    tags: tuple[str, ...]
    references: tuple[str, ...]
    remediation: str
    file: str
    blocks: tuple[Block, ...]
    flow: Flow | None = None


class Refusals(msgspec.Struct, frozen=True):
    """Why a template is not run.

    Attributes:
        conduct: What it asks is against the rules: ``non-get``, ``body``, ``oast``, ``self-contained``, ``unsafe``,
            ``other-protocol``, ``fuzzing``, ``attack-path``, ``credentials``, ``forged-origin``, ``foreign-host``,
            ``target-text``, ``enumeration``, ``too-many-requests``, ``tag-intrusive``, ``tag-dos``, ``tag-fuzz``.
        features: What this release cannot do, each as ``unsupported: <feature>``; ``incomplete(helper)`` where a file
            that it needs is not there.
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
        helpers: Where files that it names were looked for, there or not: they decide with it what comes of it.
    """

    id: str
    file: str
    template: Template | None
    refusals: Refusals
    requests: int
    is_passive: bool
    helpers: tuple[str, ...] = ()
