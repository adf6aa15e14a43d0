"""Colours for the light page and for the dark one: fixed per product and per fate, safe for the colour-blind.

Every mark colour has a contrast of at least 4.5 against its page, so that a label may bear it. Charts are drawn in the
light colours; ``svg`` then turns each into a class, and the style sheet gives the class its colour for light, dark and
print.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Ink(msgspec.Struct, frozen=True):
    """One role of colour in both modes, as ``#rrggbb``."""

    light: str
    dark: str


INKS: Mapping[str, Ink] = MappingProxyType(
    {
        "paper": Ink("#fdfcf9", "#14181c"),
        "text": Ink("#1c1f22", "#e9e6df"),
        "quiet": Ink("#555b61", "#a9afb5"),
        "hair": Ink("#dedad1", "#343a40"),
        "veil": Ink("#c9d9ea", "#2b4560"),
        "microsoft-iis": Ink("#0b5a9e", "#7ab6ee"),
        "apache": Ink("#a63c06", "#f0935f"),
        "netscape-enterprise": Ink("#00695e", "#5fc7b4"),
        "zeus": Ink("#7b3f98", "#cb9fe6"),
        "lotus-domino": Ink("#735900", "#dfb840"),
        "nginx": Ink("#2c6b1f", "#86c878"),
        "lighttpd": Ink("#94305a", "#ee92b6"),
        "litespeed": Ink("#3d4fa8", "#a3b0f5"),
        "unknown": Ink("#5c6166", "#a3a8ae"),
        "other": Ink("#6a5648", "#c2ab9b"),
        "shown": Ink("#a63c07", "#f0935e"),
        "moved": Ink("#7b3f99", "#cb9fe7"),
        "mended": Ink("#00695f", "#5fc7b5"),
        "renewed": Ink("#0b5a9f", "#7ab6ef"),
        "present": Ink("#35566e", "#9dbcd4"),
        "gone": Ink("#2b2f34", "#e0e3e6"),
        "silent": Ink("#6f7379", "#8b9198"),
        "doubt": Ink("#735901", "#dfb841"),
    }
)

_FATES: Mapping[str, str] = MappingProxyType(
    {
        "same": "present",
        "upgraded": "renewed",
        "downgraded": "doubt",
        "competitor": "moved",
        "left_competitor": "moved",
        "still_shown": "shown",
        "fixed_in_place": "mended",
        "fixed_upgraded": "renewed",
        "answered": "present",
        "refused": "gone",
        "silent": "silent",
        "skipped": "other",
    }
)


def family_ink(family: str) -> str:
    """Name of the ink of a product; products without one of their own share ``other``."""
    return family if family in INKS else "other"


def fate_ink(fate: str) -> str:
    """Name of the ink of a fate or an outcome."""
    return _FATES.get(fate, "doubt")


def light(name: str) -> str:
    """The colour that a chart is drawn in."""
    return INKS[name].light


def style_rules() -> str:
    """Custom properties for both modes, and the classes that a chart's marks bear."""
    bright = "".join(f"--{name}:{ink.light};" for name, ink in INKS.items())
    dim = "".join(f"--{name}:{ink.dark};" for name, ink in INKS.items())
    classes = "".join(f".f-{name}{{fill:var(--{name})}}.s-{name}{{stroke:var(--{name})}}" for name in INKS)
    return (
        f":root{{color-scheme:light dark;{bright}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dim}}}}}{classes}"
    )
