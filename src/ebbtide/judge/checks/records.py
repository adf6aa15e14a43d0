"""A check: what it asks, how it decides, what it means, and the samples that hold it to that."""

from collections.abc import Mapping

import msgspec

from ebbtide.judge.templates.flows import Flow
from ebbtide.judge.templates.records import Block
from ebbtide.model.targets import Level
from ebbtide.model.verdicts import CheckInfo
from ebbtide.patterns.regex import Pattern


class ByTemplate(msgspec.Struct, frozen=True, tag="template"):
    """The check's own blocks decide."""


class AllOf(msgspec.Struct, frozen=True, tag="all_of"):
    """These checks must be shown, and then the check's own blocks decide."""

    checks: tuple[str, ...]


class AnyOf(msgspec.Struct, frozen=True, tag="any_of"):
    """One of these checks is shown; the check asks nothing itself."""

    checks: tuple[str, ...]


class Telling(msgspec.Struct, frozen=True):
    """Where a version stands beside what fingerprints name.

    Attributes:
        part: A field's name in lower case, or ``body``.
        regex: Its first group is the version.
    """

    part: str
    regex: Pattern


class EndOfLife(msgspec.Struct, frozen=True, tag="end_of_life"):
    """A version that an answer tells is one that its makers no longer mend; the check asks nothing itself.

    Attributes:
        products: Slugs of product names or families.
        known: ISO date of the newest source that was read; a line that began or ended later is not in the table.
        lines: Release line, as its numbers, to the last day on which it was mended; empty while it is.
        distributed: Versions that distributions go on mending under the same number, each to the last day on which any
            of them does.
        is_packaged: Distributions ship the product, and carry fixes back to the version that they shipped.
        is_on_page: The page names it, so that an answer whose body is not kept tells nothing.
        tellings: Where else a version stands.
    """

    products: frozenset[str]
    known: str
    lines: tuple[tuple[tuple[int, ...], str], ...]
    distributed: Mapping[str, str]
    is_packaged: bool
    is_on_page: bool
    tellings: tuple[Telling, ...]


Decision = ByTemplate | AllOf | AnyOf | EndOfLife


class Parameter(msgspec.Struct, frozen=True):
    """What a check leaves to the operator.

    Attributes:
        value: The operator's, or the default.
        why: Why it is an assumption and no fact.
    """

    name: str
    default: str
    why: str
    value: str


class SampleResponse(msgspec.Struct, frozen=True):
    """One answer of a sample; ``request`` is a path template."""

    request: str
    status: int
    fields: tuple[tuple[str, str], ...]
    body: str


class Sample(msgspec.Struct, frozen=True):
    """A small world in which the verdict of the check is known.

    Attributes:
        date: On which vendors' dates are judged, ISO; empty for the day on which the check's dates were looked up.
    """

    about: str
    is_match: bool
    responses: tuple[SampleResponse, ...]
    date: str = ""


class Check(msgspec.Struct, frozen=True):
    """One check of a pack, or one template of the operator.

    Attributes:
        version: Hash of all that decides, 16 hexadecimal digits.
        pack: Id of its pack; empty for an operator's template.
        families: Its base; empty means every server.
        words: What it means when it is shown.
        explains_absent: An answer to the absent name that shows this check is no sign of a server that answers
            everything.
        product: What it shows the presence of, where one site has few such things; empty otherwise. A server that
            shows many of them is a suspected honeypot.
        blocks: None exactly when ``decision`` is ``AnyOf`` or ``EndOfLife``.
        flow: Which blocks must match; any that is not internal where there is none.
    """

    id: str
    version: str
    pack: str
    name: str
    level: Level
    severity: str
    families: tuple[str, ...]
    decision: Decision
    words: str
    remedy: str
    sources: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    explains_absent: bool
    blocks: tuple[Block, ...]
    samples: tuple[Sample, ...]
    product: str = ""
    flow: Flow | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Ids of the checks that it builds on."""
        return self.decision.checks if isinstance(self.decision, AnyOf | AllOf) else ()

    @property
    def info(self) -> CheckInfo:
        """What a reader of a judgement needs to know of it."""
        return CheckInfo(
            id=self.id,
            version=self.version,
            name=self.name,
            level=self.level,
            severity=self.severity,
            families=self.families,
            remedy=self.remedy,
            sources=self.sources,
            words=self.words,
        )


class Pack(msgspec.Struct, frozen=True):
    """A folder of checks.

    Attributes:
        checks: In an order in which each stands after those that it builds on.
    """

    id: str
    name: str
    licence: str
    about: str
    checks: tuple[Check, ...]
