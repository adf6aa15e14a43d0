"""Facts made by hand in the vocabulary of the estimates: four rounds of 2001, seven checks, six families."""

import hashlib
from itertools import pairwise
from typing import Any

from ebbtide.model.facts import Fact
from ebbtide.model.targets import Level
from ebbtide.model.verdicts import CheckInfo
from ebbtide.publish.report import ReportInput, RoundLine

ROUNDS = (
    RoundLine("2001-06", "2001-06-15"),
    RoundLine("2001-07", "2001-07-15"),
    RoundLine("2001-08", "2001-08-14"),
    RoundLine("2001-09", "2001-09-24"),
)
LABELS = tuple(line.label for line in ROUNDS)
NEIGHBOURS = (*pairwise(LABELS), (LABELS[0], LABELS[-1]))
UNITS = {"site": 1.0, "address": 0.625}
IIS = "microsoft-iis"
COHORT = 4000
RATES = {
    "code-red-ida-reachable": (0.55, 0.40, 0.12, 0.08),
    "code-red-ida": (0.55, 0.34, 0.02, 0.01),
    "admin-pages": (0.35, 0.22, 0.10, 0.07),
    "server-path": (0.50, 0.23, 0.06, 0.04),
    "script-source": (0.21, 0.11, 0.035, 0.025),
    "backdoor-mark": (0.0, 0.0, 0.0, 0.02),
    "any-hole": (0.62, 0.45, 0.16, 0.11),
}
SHARES = {
    "apache": (0.6230, 0.5810),
    IIS: (0.2038, 0.2614),
    "netscape-enterprise": (0.0640, 0.0590),
    "zeus": (0.0330, 0.0210),
    "lotus-domino": (0.0310, 0.0390),
    "unknown": (0.0452, 0.0386),
}
LEAVERS = {"competitor": 0.025, "refused": 0.585, "silent": 0.37, "blocked": 0.01, "masked": 0.008, "unknown": 0.002}


def tide_facts() -> tuple[Fact, ...]:
    """All facts of the example survey."""
    facts: list[Fact] = []
    for unit, scale in UNITS.items():
        for position, label in enumerate(LABELS):
            facts += _outcomes(unit, scale, label, position)
            facts += _shares(unit, scale, label, position)
            facts += [_prevalence(unit, scale, check, position) for check in RATES]
        for pair in NEIGHBOURS:
            facts += _family_fates(unit, scale, pair)
            for check in RATES:
                facts += _same_servers(unit, scale, check, pair)
                facts += _check_fates(unit, scale, check, pair)
        facts += [_half_life(unit, check, pair) for check in RATES for pair in NEIGHBOURS[:-1]]
    return tuple(facts)


def tide_report(**changes: Any) -> ReportInput:
    """The example survey as a page is asked for."""
    fields: dict[str, Any] = {
        "survey_name": "The summer of 2001",
        "rounds": ROUNDS,
        "facts": tide_facts(),
        "checks": tide_checks(),
        "assumptions": (
            "What tells a patched indexing filter from an unpatched one is not on record; here a mark does.",
            "July's rate of open administration pages is not on record; 22 % lies between June and August.",
        ),
        "is_lab": True,
        "version": "0.1.0",
    }
    return ReportInput(**{**fields, **changes})


def tide_checks() -> tuple[CheckInfo, ...]:
    """What the judgement says of its seven checks."""
    severities = ("low", "critical", "medium", "low", "high", "critical", "medium")
    return tuple(
        CheckInfo(
            id=check,
            version=hashlib.blake2b(check.encode(), digest_size=8).hexdigest(),
            name={"code-red-ida": "Open to Code Red", "any-hole": "Any of the holes"}.get(check, ""),
            level=Level.ACTIVE if check == "admin-pages" else Level.PASSIVE,
            severity=severity,
            families=(IIS,),
            remedy="Apply the vendor's patch, or remove the script mapping that is not used.",
            sources=("Microsoft Security Bulletin MS01-033, 18 June 2001", "https://www.kb.cert.org/vuls/id/952336"),
            words="What can be seen when an ordinary visitor asks for a name that is certainly absent.",
        )
        for check, severity in zip(RATES, severities, strict=True)
    )


def make_fact(**fields: Any) -> Fact:
    """A fact with an id that is the hash of what names it."""
    named = ("round", "from_round", "metric", "unit", "lens", "lens_value", "family", "check", "category", "variant")
    text = "|".join(str(fields.get(name, "")) for name in named)
    return Fact(id=hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), **fields)


def _part(n: int, base: int) -> dict[str, Any]:
    if base == 0:
        return {"n": n, "base": base, "note": "nobody to take a share of"}
    estimate = n / base
    half = 1.96 * (estimate * (1 - estimate) / base) ** 0.5
    interval = {"ci_low": max(0.0, estimate - half), "ci_high": min(1.0, estimate + half), "interval_kind": "model"}
    return {"n": n, "base": base, "estimate": estimate, **interval}


def _base(scale: float, position: int) -> int:
    return round((COHORT - 40 - 25 * position) * scale * (0.75 if LABELS[position] == "2001-09" else 1))


def _prevalence(unit: str, scale: float, check: str, position: int) -> Fact:
    base = _base(scale, position)
    n = round(base * RATES[check][position])
    cannot_tell = round(60 * scale)
    return make_fact(
        metric="prevalence", round=LABELS[position], unit=unit, family=IIS, check=check, **_part(n, base),
        bound_low=n / (base + cannot_tell), bound_high=(n + cannot_tell) / (base + cannot_tell),
        answered=base + cannot_tell, refused=round(20 * scale), silent=round(30 * scale), cannot_tell=cannot_tell,
        not_asked=0, method="census share", check_version="5f0c2a9d11e7b3c4",
    )  # fmt: skip


def _same_servers(unit: str, scale: float, check: str, pair: tuple[str, str]) -> list[Fact]:
    first, last = LABELS.index(pair[0]), LABELS.index(pair[1])
    named = {
        "metric": "same_servers",
        "round": pair[1],
        "from_round": pair[0],
        "unit": unit,
        "family": IIS,
        "check": check,
    }
    cohort, shown_then = _base(scale, last), round(_base(scale, first) * RATES[check][first])
    gone = {"refused": round(shown_then * 0.02), "silent": round(shown_then * 0.01), "cannot_tell": 3, "not_asked": 1}
    judged = max(0, shown_then - gone["refused"] - gone["silent"] - 4)
    still = min(judged, round(cohort * RATES[check][last]))
    then = RATES[check][first]
    bounds = {"bound_low": still / max(1, shown_then), "bound_high": (still + shown_then - judged) / max(1, shown_then)}
    changed = {"estimate": RATES[check][last] - then, "ci_low": RATES[check][last] - then - 0.015,
               "ci_high": RATES[check][last] - then + 0.015}  # fmt: skip
    return [
        make_fact(**named, category="of_cohort", **_part(still, cohort), **gone, bound_low=still / (cohort + 90),
                  bound_high=(still + 90) / (cohort + 90)),
        make_fact(**named, category="of_shown_then", **_part(still, judged), **gone, **bounds),
        make_fact(**named, category="cross_section", **_part(round(cohort * RATES[check][last]), cohort)),
        make_fact(**named, category="difference", n=still, base=cohort, interval_kind="model", **changed,
                  note="McNemar mid-p below 0.001"),
    ]  # fmt: skip


def _check_fates(unit: str, scale: float, check: str, pair: tuple[str, str]) -> list[Fact]:
    first, last = LABELS.index(pair[0]), LABELS.index(pair[1])
    base = round(_base(scale, first) * RATES[check][first])
    still = min(base, round(base * RATES[check][last] / max(RATES[check][first], 0.01)))
    parts = {"still_shown": still, "refused": round(base * 0.02), "silent": round(base * 0.01)}
    parts |= {
        "fixed_upgraded": round(base * 0.05),
        "left_competitor": round(base * 0.002),
        "cannot_tell": 0,
        "unknown": 0,
    }
    parts["fixed_in_place"] = max(0, base - sum(parts.values()))
    named = {"metric": "fate", "round": pair[1], "from_round": pair[0], "unit": unit, "family": IIS, "check": check}
    return [make_fact(**named, category=fate, **_part(n, base)) for fate, n in parts.items()]


def _family_fates(unit: str, scale: float, pair: tuple[str, str]) -> list[Fact]:
    base = round(COHORT * scale)
    left = round(base * (0.25 if pair[1] == "2001-09" else 0.012))
    named = {"metric": "fate", "round": pair[1], "from_round": pair[0], "unit": unit, "family": IIS}
    stayed = {"same": base - left - round(base * 0.04), "upgraded": round(base * 0.04), "downgraded": 0}
    gone = {fate: round(left * part) for fate, part in LEAVERS.items()}
    return [
        *(make_fact(**named, category=fate, **_part(n, base)) for fate, n in {**stayed, **gone}.items()),
        *(
            make_fact(**named, lens="leavers", lens_value=IIS, category=fate, **_part(n, left))
            for fate, n in gone.items()
        ),
    ]


def _half_life(unit: str, check: str, pair: tuple[str, str]) -> Fact:
    named = {
        "metric": "half_life",
        "round": pair[1],
        "from_round": pair[0],
        "unit": unit,
        "family": IIS,
        "check": check,
    }
    if check == "backdoor-mark":
        return make_fact(**named, note="nothing was shown in the earlier round")
    return make_fact(**named, estimate=7.3 + 4 * LABELS.index(pair[0]), ci_low=6.1, ci_high=21.9, interval_kind="model",
                     n=80, base=1300, method="exponential half-life")  # fmt: skip


def _shares(unit: str, scale: float, label: str, position: int) -> list[Fact]:
    base = round((11_700 - 20 * position) * scale)
    column = list(UNITS).index(unit)
    drift = {IIS: -0.004 * position, "apache": 0.004 * position}
    return [
        make_fact(metric="share", round=label, unit=unit, family=family,
                  **_part(round(base * (shares[column] + drift.get(family, 0))), base))
        for family, shares in SHARES.items()
    ]  # fmt: skip


def _outcomes(unit: str, scale: float, label: str, position: int) -> list[Fact]:
    planned = round(12_000 * scale)
    lost = 520 if label == "2001-09" else 60
    parts = {"refused": round((40 + lost) * scale), "silent": round((70 + lost) * scale), "skipped": round(25 * scale),
             "unknown": round((4 + position) * scale)}  # fmt: skip
    parts["connect/timed_out"], parts["response/reset"] = parts["silent"], 0
    parts["answered"] = planned - sum(parts[name] for name in ("refused", "silent", "skipped", "unknown"))
    parts["planned"] = planned
    return [
        make_fact(metric="outcome", round=label, unit=unit, category=category, n=n, base=planned, estimate=n / planned)
        for category, n in parts.items()
    ]
