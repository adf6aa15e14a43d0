"""One plan for many checks: which requests serve most of them, in which order, and what a budget of requests buys."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush

import msgspec

from ebbtide.judge.checks.records import Check
from ebbtide.judge.templates.reading import is_passive_path
from ebbtide.judge.templates.records import Ask
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import Method

RequestNeed = tuple[Method, str, tuple[tuple[str, str], ...]]
"""Method, path template and fields; equal ones are sent once."""

EVERYBODY = ""
"""In place of a family: a server of none that a gate names."""

_WHOLE = 720_720
"""Divides by every number to 16, so that shares of a check are whole."""
_NEVER = 1 << 62


class Bought(msgspec.Struct, frozen=True):
    """What a budget buys at one kind of server.

    Attributes:
        family: Of the server; empty for one that no gate names.
        requests: Named requests a target.
        checks: Checks for which everything is asked that they need.
        of: Checks whose gate is open there.
    """

    family: str
    requests: int
    checks: int
    of: int


def need_of(ask: Ask) -> RequestNeed:
    """What a request of a block needs to be sent."""
    return ask.method, ask.path, ask.fields


def needs_of(checks: Iterable[Check], core: frozenset[RequestNeed]) -> dict[str, frozenset[RequestNeed]]:
    """Check id to what must be asked for it beyond the core plan, what it builds on included.

    Args:
        checks: Each after those that it builds on.
        core: What everybody is asked anyway.
    """
    needs: dict[str, frozenset[RequestNeed]] = {}
    for check in checks:
        own = {need_of(ask) for block in check.blocks for ask in block.asks}
        needs[check.id] = frozenset(own - core).union(*(needs[part] for part in check.parts))
    return needs


def ranked(needs: Mapping[str, frozenset[RequestNeed]]) -> list[RequestNeed]:
    """All requests, in the order in which they bring most checks nearest to being served whole.

    The next is always the one with the largest sum of shares: a check that still needs three requests gives a third to
    each of them, and its last one gets it all. Ties go by path.
    """
    left = {check: set(wanted) for check, wanted in needs.items() if wanted}
    users: defaultdict[RequestNeed, list[str]] = defaultdict(list)
    worth: Counter[RequestNeed] = Counter()
    for check, wanted in left.items():
        for request in wanted:
            users[request].append(check)
            worth[request] += _WHOLE // len(wanted)
    queue = [_entry(request, share) for request, share in worth.items()]
    heapify(queue)
    order: list[RequestNeed] = []
    while queue:
        entry = heappop(queue)
        request = entry[-1]
        if -entry[0] != worth[request]:
            continue
        order.append(request)
        worth[request] = -1
        for check in users[request]:
            wanted = left[check]
            before = _WHOLE // len(wanted)
            wanted.discard(request)
            gained = _WHOLE // len(wanted) - before if wanted else 0
            for other in wanted:
                worth[other] += gained
                heappush(queue, _entry(other, worth[other]))
    return order


def _entry(request: RequestNeed, worth: int) -> tuple[int, str, Method, tuple[tuple[str, str], ...], RequestNeed]:
    return (-worth, request[1], request[0], request[2], request)


def what_budgets_buy(
    checks: Sequence[Check], core: frozenset[RequestNeed], level: Level, budgets: Iterable[int]
) -> tuple[Bought, ...]:
    """For each kind of server and each budget, how many checks are served whole.

    Args:
        checks: Of a survey, each after those that it builds on.
        core: What everybody is asked anyway.
        level: Of the survey; at the passive one no named path is asked.
        budgets: Named requests a target.

    Returns:
        Servers of no family that a gate names first, unless all checks are gated; then families by name. Budgets
        rise, and end with the first that serves all that can be served.
    """
    needs = needs_of(checks, core)
    order = ranked(needs)
    named = sorted({family for check in checks for family in check.families})
    return tuple(
        bought for family in (EVERYBODY, *named) for bought in _at_family(family, checks, needs, order, level, budgets)
    )


def _at_family(
    family: str,
    checks: Sequence[Check],
    needs: Mapping[str, frozenset[RequestNeed]],
    order: Sequence[RequestNeed],
    level: Level,
    budgets: Iterable[int],
) -> list[Bought]:
    open_here = [check for check in checks if not check.families or family in check.families]
    asked_here = {request for check in open_here for request in needs[check.id]}
    allowed = [each for each in order if each in asked_here and (level is Level.ACTIVE or is_passive_path(each[1]))]
    place = {request: number for number, request in enumerate(allowed, 1)}
    costs = [max((place.get(each, _NEVER) for each in needs[check.id]), default=0) for check in open_here]
    dearest = max((cost for cost in costs if cost != _NEVER), default=0)
    if not open_here:
        return []
    steps = sorted({budget for budget in budgets if budget < dearest} | {dearest})
    return [Bought(family, step, sum(cost <= step for cost in costs), len(open_here)) for step in steps]
