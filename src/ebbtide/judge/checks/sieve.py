"""What one glance at an answer settles: blocks whose words are not in it, and checks that hang on it alone.

Of thousands of checks hardly any has its words in a page, so that only these are looked at one by one.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

from ebbtide.judge.checks.records import ByTemplate, Check
from ebbtide.judge.checks.seen import REDIRECTS, Seen
from ebbtide.judge.templates.needs import haystack, needed_words
from ebbtide.judge.templates.reading import is_passive_path
from ebbtide.judge.templates.records import Ask, Block
from ebbtide.model.targets import Level
from ebbtide.model.transcripts import Exchange
from ebbtide.model.verdicts import NotShown, Verdict
from ebbtide.patterns.literals import LiteralSet
from ebbtide.patterns.required import Literal

_NOT_SHOWN = NotShown()
_ROOT = "/"
_REMEMBERED = 1024
"""Answers hold few combinations of words, most of them none."""


class Group:
    """Blocks of checks that look at the answer to one request.

    Args:
        ask: The request.
        members: The blocks, each with its check.
    """

    def __init__(self, ask: Ask, members: Sequence[tuple[Check, Block]]) -> None:
        self.ask = ask
        self.is_passive = is_passive_path(ask.path)
        self.alone = frozenset(check.id for check, _ in members if _hangs_on_one_answer(check))
        self._plain = Block((ask,))
        self._members = members
        self._words = LiteralSet([tuple(map(Literal, needed_words(block))) for _, block in members])
        self._not_shown: dict[str, Verdict] = dict.fromkeys(self.alone, _NOT_SHOWN)
        self._settled = lru_cache(_REMEMBERED)(self._settle)

    def settle(self, exchange: Exchange, seen: Seen, verdicts: dict[str, Verdict]) -> frozenset[str]:
        """Rule out the blocks whose words are not in an answer, and call those not shown that hang on it alone.

        Returns:
            Ids of the checks that are not shown.
        """
        occurring = self._words.occurring(haystack(seen.parts(exchange, self._plain)))
        ruled_out, not_shown = self._settled(frozenset(occurring))
        verdicts.update(self._not_shown)
        known = seen.ruled_out.get(exchange.ordinal)
        seen.ruled_out[exchange.ordinal] = ruled_out if known is None else known | ruled_out
        return not_shown

    def _settle(self, occurring: frozenset[int]) -> tuple[frozenset[int], frozenset[str]]:
        """Blocks that are ruled out, by their identity, and checks that are not shown, if some words occur."""
        open_ones = self._words.always | occurring
        ruled_out = (id(block) for number, (_, block) in enumerate(self._members) if number not in open_ones)
        return frozenset(ruled_out), self.alone - {self._members[number][0].id for number in open_ones}


class Sieve:
    """Groups of blocks, one for each request.

    Args:
        checks: All that may be asked of one family.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        members: defaultdict[tuple[object, ...], list[tuple[Check, Block]]] = defaultdict(list)
        asks: dict[tuple[object, ...], Ask] = {}
        for check in checks:
            for block in check.blocks:
                for need, ask in {(each.method, each.path, each.fields): each for each in block.asks}.items():
                    asks.setdefault(need, Ask(ask.path, ask.method, ask.fields))
                    members[need].append((check, block))
        self._groups = [Group(asks[need], each) for need, each in members.items()]

    def settled(
        self, seen: Seen, verdicts: dict[str, Verdict], level: Level, missing: Callable[[Group], Verdict | None]
    ) -> frozenset[str]:
        """Settle what can be settled without looking at each check.

        Args:
            seen: Of one target; is told which blocks its answers rule out.
            verdicts: Where verdicts are written.
            level: Of the survey: at the passive one answers to named paths are not looked at.
            missing: The verdict of all checks that hang on a request without an answer; ``None`` if they differ.

        Returns:
            Ids of the checks whose verdict stands.
        """
        done: frozenset[str] = frozenset()
        for group in self._groups:
            if seen.is_soft and group.ask.path != _ROOT:
                continue
            is_allowed = group.is_passive or level is Level.ACTIVE
            exchange = seen.answer(group.ask) if is_allowed else None
            if exchange is not None:
                if _is_plain(exchange):
                    done |= group.settle(exchange, seen, verdicts)
            elif group.alone and (verdict := missing(group)) is not None:
                verdicts.update(dict.fromkeys(group.alone, verdict))
                done |= group.alone
        return done


def _hangs_on_one_answer(check: Check) -> bool:
    if not isinstance(check.decision, ByTemplate) or check.flow is not None or len(check.blocks) != 1:
        return False
    block = check.blocks[0]
    return len(block.asks) == 1 and not block.is_internal and not block.is_global and not block.asks[0].settings


def _is_plain(exchange: Exchange) -> bool:
    """Whether an answer is whole and leads nowhere else: what is not in it is not there."""
    is_whole = exchange.is_body_kept and not exchange.is_truncated and not exchange.masked
    return is_whole and exchange.status not in REDIRECTS
