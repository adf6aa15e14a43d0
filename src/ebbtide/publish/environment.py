"""How pages are made of templates: every text that a template prints is made dead first."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ebbtide.publish.palette import INKS
from ebbtide.publish.plain_text import plain


def make_environment() -> Environment:
    """Templates of this room; a name that is missing is a mistake, and what is markup already stays so."""
    environment = Environment(
        loader=PackageLoader("ebbtide.publish"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests["link"] = _is_link
    return environment


def colour_rules(names: tuple[str, ...]) -> str:
    """Custom properties of some inks, for the light page and the dark one."""
    bright = "".join(f"--{name}:{INKS[name].light};" for name in names)
    dim = "".join(f"--{name}:{INKS[name].dark};" for name in names)
    return f":root{{color-scheme:light dark;{bright}}}@media screen and (prefers-color-scheme:dark){{:root{{{dim}}}}}"


def _finalize(value: Any) -> Any:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _is_link(text: str) -> bool:
    return text.startswith(("https://", "http://"))
