"""Facts that were published, held against the same facts computed anew."""

from collections.abc import Sequence

import msgspec

from ebbtide.model.facts import Fact


class Difference(msgspec.Struct, frozen=True):
    """One fact that is not the same.

    Attributes:
        fields: Names of the fields that differ; empty where the fact is on one side alone.
        what: In words.
    """

    id: str
    round: str
    metric: str
    fields: tuple[str, ...]
    what: str


class Reproduced(msgspec.Struct, frozen=True):
    """What came out.

    Attributes:
        facts: Published ones that were held against new ones.
        same: Of these, equal in every field.
        differences: All others, and new ones of the same rounds that were not published.
    """

    facts: int
    same: int
    differences: tuple[Difference, ...]


def hold_against(published: Sequence[Fact], computed: Sequence[Fact]) -> Reproduced:
    """Compare facts by their ids, field by field.

    Args:
        published: As they stand in a publication.
        computed: All that the survey gives now.
    """
    anew = {fact.id: fact for fact in computed}
    rounds = {fact.round for fact in published}
    judgements = {(fact.round, fact.judgement) for fact in published}
    differences = []
    for fact in published:
        now = anew.get(fact.id)
        if now is None:
            differences.append(_difference(fact, (), "is not there any more"))
        elif now != fact:
            fields = tuple(name for name in Fact.__struct_fields__ if getattr(now, name) != getattr(fact, name))
            was, is_now = getattr(fact, fields[0]), getattr(now, fields[0])
            differences.append(_difference(fact, fields, f"{fields[0]} was {was!r} and is {is_now!r}"))
    known = {fact.id for fact in published}
    differences += [
        _difference(fact, (), "was not published")
        for fact in computed
        if fact.id not in known and fact.round in rounds and (fact.round, fact.judgement) in judgements
    ]
    same = len(published) - sum(each.what != "was not published" for each in differences)
    return Reproduced(len(published), same, tuple(differences))


def _difference(fact: Fact, fields: tuple[str, ...], what: str) -> Difference:
    return Difference(fact.id, fact.round, fact.metric, fields, what)
