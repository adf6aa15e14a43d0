"""The whole zoo, and what is expected of it."""

import tomllib
from pathlib import Path

import msgspec

from zoo import (
    apache,
    caddy,
    gunicorn,
    haproxy,
    jetty,
    lighttpd,
    nginx,
    node,
    php,
    python_server,
    tomcat,
    uvicorn,
    varnish,
)

ZOO = tuple(
    each.PRODUCT
    for each in (
        nginx, apache, lighttpd, caddy, tomcat, jetty, php, python_server, gunicorn, uvicorn, node, haproxy, varnish,
    )
)  # fmt: skip
NAMES = tuple(f"{product.name}-{kind}" for product in ZOO for kind in product.variants)


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a survey must see of one variant.

    Attributes:
        family: Of the server, as it tells itself.
        shown: Checks of the pack that are shown; no other is.
        untold: Reasons for which the others may stay without an answer, beside a closed gate and a hidden family.
        why: What in the configuration makes it so.
    """

    family: str
    shown: frozenset[str]
    why: str
    corrected: str = ""
    untold: frozenset[str] = frozenset()


def expectations() -> dict[str, Expectation]:
    """By name of the variant."""
    text = Path(__file__).with_name("expectations.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Expectation])
