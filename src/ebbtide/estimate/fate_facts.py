"""Facts of metric ``fate``: what became of the servers of a family, and of those that showed a check."""

from collections.abc import Iterator, Mapping

import duckdb

from ebbtide.estimate.estimating import NOTHING, Estimated, Tally, design_note, joined, quality_of
from ebbtide.estimate.fates import CHECK_CATEGORIES, FAMILY_CATEGORIES, LEAVERS
from ebbtide.estimate.naming import make_fact
from ebbtide.estimate.preparing import JudgedCheck
from ebbtide.estimate.questions import Group, ask_sums
from ebbtide.estimate.same_facts import OTHER_VERSION
from ebbtide.estimate.survey_view import UNITS, Pair, SurveyView, base_family
from ebbtide.model.facts import Fact

IDENTITY: Mapping[str, str] = {
    "site": "Identity rule: the same host name is taken for the same server, whatever address it has by then.",
    "address": (
        "Identity rule: the same address and port is taken for the same server; an address is not a host beyond a day, "
        "and an operator that renumbers makes addresses vanish while their names stay."
    ),
}
_FAMILY_NOTES: Mapping[str, str] = {
    "competitor": "A machine that now runs another product is counted here; nothing tells if it is the same machine.",
    "refused": "Taken down or filtered: vanished is not mended.",
    "silent": "Taken down or filtered: vanished is not mended.",
    "blocked": "It took the connection and broke it off before an answer; a broken server looks the same.",
    "masked": "It answers without naming a product, so it may run the same one as before.",
    "unknown": "Failed in another way, was not asked, or is no longer in the frame.",
    "same": "No other version is told; a mended server that tells the same version is here too.",
}
_CHECK_NOTES: Mapping[str, str] = {
    "refused": "Vanished is not mended.",
    "silent": "Vanished is not mended.",
    "unknown": "Failed in another way, was not asked, or is no longer in the frame: not counted as mended.",
    "left_competitor": "The hole went with the product; that it left because of the hole is not shown by this.",
    "fixed_in_place": "Mended without a higher version being told.",
}


def family_fates(
    connection: duckdb.DuckDBPyConnection, view: SurveyView, families: Mapping[str, tuple[str, ...]]
) -> Iterator[Fact]:
    """Fates of every common family, of all its servers and of its leavers, for every pair of rounds and unit."""
    tally = Tally(ask_sums(connection, "fate_cells"), view)
    met = set(tally.groups())
    for pair in view.pairs:
        for unit in UNITS:
            for family in families[unit]:
                for lens, categories in (("all", FAMILY_CATEGORIES), ("leavers", LEAVERS)):
                    group = Group(unit, *pair, lens, family, "", "")
                    if group in met:
                        yield from (_family_fate(view, tally, group, category) for category in categories)


def _family_fate(view: SurveyView, tally: Tally, group: Group, category: str) -> Fact:
    found = tally.share(group, category)
    is_leavers = group.lens == "leavers"
    return make_fact(
        **_named(view, group.unit, (group.earlier, group.later)),
        lens=group.lens,
        lens_value=group.family if is_leavers else "",
        family=group.family,
        category=category,
        **found.numbers(),
        quality=quality_of(found.doubts),
        note=joined(
            f"Of those that no longer answer as {group.family}." if is_leavers else "",
            _FAMILY_NOTES.get(category, ""), IDENTITY[group.unit], design_note(view, found),
        ),
    )  # fmt: skip


def check_fates(connection: duckdb.DuckDBPyConnection, view: SurveyView) -> Iterator[Fact]:
    """Fates of those that showed a check in the earlier round, for every pair of rounds and unit."""
    tally = Tally(ask_sums(connection, "check_fate_cells"), view)
    for pair in view.pairs:
        for unit in UNITS:
            for then, now in view.checks_of_pair(pair):
                is_comparable = then.version == now.version
                group = Group(unit, *pair, "all", "", now.check, "")
                for category in CHECK_CATEGORIES:
                    found = tally.share(group, category) if is_comparable else NOTHING
                    yield _check_fate(view, group, now, category, found, is_comparable=is_comparable)


def _check_fate(
    view: SurveyView, group: Group, check: JudgedCheck, category: str, found: Estimated, *, is_comparable: bool
) -> Fact:
    numbers = found.numbers() if is_comparable else {"method": "none"}
    note = joined(_CHECK_NOTES.get(category, ""), IDENTITY[group.unit], design_note(view, found))
    return make_fact(
        **_named(view, group.unit, (group.earlier, group.later)),
        family=base_family(check),
        check=check.check,
        check_version=check.version,
        category=category,
        **numbers,
        quality=quality_of(found.doubts) if is_comparable else OTHER_VERSION,
        note=note if is_comparable else "Not comparable: the rounds were judged by different versions of the check.",
    )


def _named(view: SurveyView, unit: str, pair: Pair) -> dict[str, str]:
    return {
        "metric": "fate",
        "round": view.at(pair[1]).label,
        "from_round": view.at(pair[0]).label,
        "judgement": view.at(pair[1]).judgement,
        "unit": unit,
    }
