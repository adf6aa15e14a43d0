"""What such a server may say, and the words that it takes from real products."""

import random
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ebbtide.judge.checks.packs import load_pack
from ebbtide.judge.checks.records import SampleResponse

PACKS = ("today", "exposures", "iis-2001")
_TEXTS = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
WORDS: tuple[str, ...] = tuple(_TEXTS["words"].split())
NOT_FOUND: Mapping[str, str] = MappingProxyType(_TEXTS["not_found"])


class Said(NamedTuple):
    """An answer."""

    status: int
    body: str
    fields: Mapping[str, str] = {}


def page(title: str, *paragraphs: str) -> str:
    """An ordinary page."""
    text = "".join(f"<p>{each}</p>" for each in paragraphs)
    return f"<html><head><title>{title}</title></head><body>{text}</body></html>"


def prose(mood: random.Random, length: int = 60) -> str:
    """Some words."""
    return " ".join(mood.choices(WORDS, k=length))


@cache
def product_pages() -> Mapping[str, SampleResponse]:
    """By named path, an answer of the real product: from the samples that a check must match."""
    found: dict[str, SampleResponse] = {}
    for pack in PACKS:
        for check in load_pack(pack).checks:
            for sample in check.samples:
                for response in sample.responses if sample.is_match else ():
                    if response.request != "/" and "{{absent}}" not in response.request:
                        found.setdefault(response.request, response)
    return found


@cache
def all_product_words() -> str:
    """The pages of all products, one behind the other."""
    return "\n".join(response.body for response in product_pages().values())
