"""What to ask a target, given what was seen of it so far: pure, frozen, and quick to hand to another process."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from ebbtide.judge.budget import RequestNeed, need_of, needs_of, ranked
from ebbtide.judge.checks.records import Check
from ebbtide.judge.presence.controls import FOLDER, is_success, shape_of
from ebbtide.judge.software.identifier import identifier_of
from ebbtide.judge.templates.placeholders import ABSENT, absent_folder, absent_name, request_path, target_values
from ebbtide.judge.templates.reading import is_passive_path
from ebbtide.model.configuration import PlanSection
from ebbtide.model.outcomes import Answered, Skipped, SkipReason
from ebbtide.model.targets import Level, Target
from ebbtide.model.transcripts import Exchange, Method, Purpose, Request

ICON_PATH = "/favicon.ico"
_ABSENT_NAME = f"{{{{{ABSENT}}}}}"


class NamedRequest(msgspec.Struct, frozen=True):
    """A request beyond the core plan.

    Attributes:
        path: Path template.
        level: ``passive`` only for ``/`` and absent names.
        families: Families it is asked of; empty means every server.
        most_redirects: Hops that some check wants followed.
    """

    path: str
    method: Method
    fields: tuple[tuple[str, str], ...]
    level: Level
    families: frozenset[str]
    most_redirects: int = 0


class SurveyPlan(msgspec.Struct, frozen=True):
    """The plan of a survey: the core, then what the family's checks need.

    Attributes:
        salt: The survey's secret, from which absent names are made.
        named: Further requests, those that serve most checks first.
        fingerprints: Further files of fingerprints, by which the family is told.
    """

    salt: bytes
    absent_extension: str
    has_icon: bool
    extra_requests: int
    named: tuple[NamedRequest, ...]
    fingerprints: tuple[str, ...] = ()

    def next_requests(self, target: Target, seen: Sequence[Exchange], level: Level) -> Sequence[Request]:
        """The requests to send now; empty when the target has been asked everything, or once it failed to answer.

        Before the first named path a second absent name is asked for, in the shape of a folder, so that what a server
        says to any name is known before what it says to one. Where a named path was answered with 2xx, an absent name
        of the same shape follows: many servers answer all names of one extension.

        Args:
            target: Who is asked.
            seen: This attempt's exchanges so far, in order.
            level: What the target's authority allows.
        """
        if any(map(_is_end, seen)):
            return ()
        may_ask_more = bool(self.named and self.extra_requests)
        absent = absent_name(self.salt, target.target_id)
        core = core_requests(absent, self.absent_extension, has_icon=self.has_icon, is_all=not may_ask_more)
        asked = {exchange.request.key for exchange in seen}
        waiting = tuple(request for request in core if request.key not in asked)
        if waiting or not may_ask_more:
            return waiting
        core_keys = {request.key for request in core}
        further = self._named_requests(target, seen, level)
        within = tuple(islice((request for request in further if request.key not in core_keys), self.extra_requests))
        if any(request.is_named for request in within):
            within = (Request(absent_folder(self.salt, target.target_id), Purpose.ABSENT), *within)
        waiting = tuple(request for request in within if request.key not in asked)
        return waiting or tuple(request for request in _controls(absent, seen) if request.key not in asked)

    @property
    def most_controls(self) -> int:
        """At most so many absent names are asked for beyond that of the core plan."""
        shapes = {shape_of(each.path) for each in self.named if each.level is Level.ACTIVE}
        return len(shapes | {FOLDER}) if shapes and self.extra_requests else 0

    def _named_requests(self, target: Target, seen: Sequence[Exchange], level: Level) -> Iterator[Request]:
        """What the checks of the target's family need, each request once."""
        family = identifier_of(self.fingerprints).identify(seen).family
        values = target_values(target, absent_name(self.salt, target.target_id))
        given = set()
        for each in self.named:
            is_allowed = each.level is Level.PASSIVE or level is Level.ACTIVE
            if is_allowed and (not each.families or family in each.families):
                path, is_named = request_path(each.path, values), each.level is Level.ACTIVE
                request = Request(
                    *(path, Purpose.CHECK, each.method, each.fields),
                    is_named=is_named,
                    most_redirects=each.most_redirects,
                )
                if request.key not in given:
                    given.add(request.key)
                    yield request


def _is_end(exchange: Exchange) -> bool:
    """Whether nothing may follow: no answer came, and not because robots.txt closes that one path."""
    outcome = exchange.outcome
    is_closed = isinstance(outcome, Skipped) and outcome.reason is SkipReason.ROBOTS
    return not (isinstance(outcome, Answered) or is_closed)


def _controls(absent: str, seen: Sequence[Exchange]) -> Iterator[Request]:
    """Absent names in the shapes of named paths that were answered, unless any absent name is answered anyway."""
    if any(exchange.request.purpose is Purpose.ABSENT and is_success(exchange) for exchange in seen):
        return
    answered = (exchange for exchange in seen if exchange.request.is_named and is_success(exchange))
    for shape in sorted({shape_of(exchange.request.path) for exchange in answered} - {FOLDER}):
        yield Request(f"/{absent}{shape}", Purpose.ABSENT)


def core_requests(absent: str, extension: str, *, has_icon: bool, is_all: bool = False) -> tuple[Request, ...]:
    """The core plan of every survey: ``/``, the absent name, the icon; ``is_all`` if nothing can follow it."""
    suffix = f".{extension}" if extension else ""
    root, absent_path = Request("/", Purpose.ROOT), f"/{absent}{suffix}"
    if not has_icon:
        return (root, Request(absent_path, Purpose.ABSENT, is_last=is_all))
    return (root, Request(absent_path, Purpose.ABSENT), Request(ICON_PATH, Purpose.ICON, is_last=is_all))


def core_needs(section: PlanSection) -> frozenset[RequestNeed]:
    """The core plan in terms of what checks need, with the absent name still to be filled in."""
    return frozenset(
        (request.method, request.path, request.fields)
        for request in core_requests(_ABSENT_NAME, section.absent_extension, has_icon=section.icon)
    )


def make_plan(checks: Sequence[Check], section: PlanSection, salt: bytes, fingerprints: tuple[str, ...]) -> SurveyPlan:
    """The plan that serves these checks.

    Args:
        checks: All checks of the survey.
        section: ``[plan]``.
        salt: The survey's secret.
        fingerprints: Further files of fingerprints, absolute.
    """
    return SurveyPlan(
        salt=salt,
        absent_extension=section.absent_extension,
        has_icon=section.icon,
        extra_requests=section.extra_requests,
        named=tuple(_ranked(checks, core_needs(section), section.level)),
        fingerprints=fingerprints,
    )


def _ranked(checks: Sequence[Check], core: frozenset[RequestNeed], level: Level) -> list[NamedRequest]:
    """Requests of the checks, equal ones once, in the order in which they serve most."""
    needs = needs_of(checks, core)
    families: dict[RequestNeed, frozenset[str] | None] = {}
    for check in checks:
        for need in needs[check.id]:
            known = families.get(need, frozenset())
            families[need] = None if known is None or not check.families else known | frozenset(check.families)
    hops = Counter[RequestNeed]()
    for block in (block for check in checks for block in check.blocks):
        for need in map(need_of, block.asks):
            hops[need] = max(hops[need], block.most_redirects)
    found = [
        NamedRequest(
            path=path,
            method=method,
            fields=fields,
            level=Level.PASSIVE if is_passive_path(path) else Level.ACTIVE,
            families=families[method, path, fields] or frozenset(),
            most_redirects=hops[method, path, fields],
        )
        for method, path, fields in ranked(needs)
    ]
    return [each for each in found if level is Level.ACTIVE or each.level is Level.PASSIVE]
