"""The words for what facts only name by id: families, checks, fates, units. An unknown id stands for itself."""

from collections.abc import Mapping
from types import MappingProxyType

from ebbtide.publish.plain_text import plain

_FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "microsoft-iis": "Microsoft-IIS",
        "apache": "Apache",
        "netscape-enterprise": "Netscape-Enterprise",
        "zeus": "Zeus",
        "lotus-domino": "Lotus-Domino",
        "nginx": "nginx",
        "lighttpd": "lighttpd",
        "litespeed": "LiteSpeed",
        "thttpd": "thttpd",
        "aolserver": "AOLserver",
        "unknown": "Not told (masked)",
    }
)

_CHECKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "code-red-ida-reachable": ("Indexing filter reachable", "let strangers reach the indexing filter"),
        "code-red-ida": ("Open to Code Red", "were open to Code Red"),
        "admin-pages": ("Administration pages accessible", "left their administration pages open to everybody"),
        "server-path": ("Server path revealed", "revealed a server path"),
        "script-source": ("Script source viewable", "handed out script source"),
        "backdoor-mark": ("Mark of an infection", "bore the mark of an infection"),
        "any-hole": ("Any of these holes", "had at least one of the holes"),
    }
)

CHECK_ORDER = tuple(_CHECKS)

_FATES: Mapping[str, str] = MappingProxyType(
    {
        "same": "Same software",
        "upgraded": "Newer version",
        "downgraded": "Older version",
        "competitor": "Runs a competitor",
        "refused": "Refuses connections",
        "silent": "Silent",
        "blocked": "Blocked us",
        "masked": "Hides its software",
        "unknown": "Not known",
        "still_shown": "Still shows it",
        "fixed_in_place": "Mended in place",
        "fixed_upgraded": "Mended by a newer version",
        "left_competitor": "Left for a competitor",
        "cannot_tell": "Cannot tell",
        "not_asked": "Not asked",
    }
)

FATE_ORDER = tuple(_FATES)

_UNITS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"site": ("sites", "names"), "address": ("addresses", "addresses")}
)

_READINGS: Mapping[str, str] = MappingProxyType(
    {
        "of_cohort": "of the same servers, all that could be judged both times",
        "of_shown_then": "of those same servers that showed it the first time",
        "cross_section": "of all servers that could be judged the second time",
        "difference": "difference within the same servers",
    }
)

READING_ORDER = ("of_cohort", "of_shown_then", "cross_section", "difference")


def family_words(family: str) -> str:
    """A family's name as its maker writes it."""
    return _FAMILIES.get(family, plain(family))


def check_words(check: str, names: Mapping[str, str]) -> str:
    """A check's name: as the judgement gives it, else ours, else its id."""
    return plain(names.get(check, "")) or _CHECKS.get(check, (plain(check), ""))[0]


def check_deed(check: str) -> str:
    """What servers that show the check did, to follow ``34.0 % of the sites``."""
    return _CHECKS.get(check, ("", f"showed {plain(check)}"))[1]


def fate_words(fate: str) -> str:
    """A fate in two or three words."""
    return _FATES.get(fate, plain(fate).replace("_", " "))


def unit_words(unit: str) -> str:
    """A unit of count in the plural: ``sites`` or ``addresses``."""
    return _UNITS.get(unit, (plain(unit), ""))[0]


def reading_words(category: str) -> str:
    """One of the readings of "of those same servers"."""
    return _READINGS.get(category, plain(category).replace("_", " "))


def by_order(names: set[str], order: tuple[str, ...]) -> tuple[str, ...]:
    """The names in a given order; those it does not hold follow by the alphabet."""
    known = tuple(name for name in order if name in names)
    return known + tuple(sorted(names.difference(order)))
