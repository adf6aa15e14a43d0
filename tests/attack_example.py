"""Facts of attacks made by hand, to stand beside the survey of ``tide_example``: four months, one of them a gap."""

from collections.abc import Mapping

from ebbtide.model.facts import Fact
from tide_example import make_fact

SEEN: Mapping[str, Mapping[str, tuple[int, int, int]]] = {
    "2001-06": {},
    "2001-07": {"code-red-1": (310, 300, 280), "sumthin": (4, 4, 1)},
    "2001-09": {"code-red-2": (900, 850, 610), "nimda": (6400, 400, 230), "sumthin": (9, 9, 4), "santy": (5, 5, 2)},
}
"""Month and family to requests, visits and different sources; nobody saw August."""

CHECKS = {"code-red-1": "code-red-ida", "code-red-2": "code-red-ida", "nimda": "backdoor-mark"}
DAYS = 20


def attack_facts() -> tuple[Fact, ...]:
    facts: list[Fact] = []
    for month, families in SEEN.items():
        together = [sum(counts[place] for counts in families.values()) for place in range(3)]
        for family, counts in {"": together, **families}.items():
            for unit, n in zip(("request", "visit", "source"), counts, strict=True):
                facts.append(_daily(month, family, unit, n))
    for family in ("", "code-red-1", "code-red-2", "nimda", "sumthin", "santy"):
        facts += _half_lives(family)
    return tuple(facts)


def _daily(month: str, family: str, unit: str, n: int) -> Fact:
    mean = n / DAYS
    return make_fact(
        metric="pressure", round="", unit=unit, lens="month", lens_value=month, family=family,
        check=CHECKS.get(family, ""), category="worm" if family else "", estimate=mean, ci_low=mean * 0.8,
        ci_high=mean * 1.3, interval_kind="model", n=n, base=DAYS, method="mean of observed days",
    )  # fmt: skip


def _half_lives(family: str) -> list[Fact]:
    told = {"nimda": "halves", "code-red-2": "doubles"}.get(family, "")
    named = {"metric": "pressure_half_life", "round": "", "unit": "visit", "family": family, "base": 60}
    return [
        make_fact(**named, category=each, estimate=12.5, ci_low=9.0, ci_high=21.0, interval_kind="model")
        if each == told
        else make_fact(**named, category=each, note=f"Blank: it {told}." if told else "Blank: no trend.")
        for each in ("halves", "doubles")
    ]
