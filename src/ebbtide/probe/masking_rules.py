"""The rules of masking: data beside the code, each with its source, its secrets and its look-alikes."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ebbtide.patterns.regex import Pattern, compile_pattern

RULES_FILE = Path(__file__).with_name("masking.toml")
ANYWHERE = "anywhere"

_AtLeastTwo = msgspec.Meta(min_length=2)
_WORD = re.compile("%([a-z_]+)%")


class MaskingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule; the head of ``masking.toml`` says what its keys mean."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]+$")]
    where: Literal["anywhere"] | tuple[str, ...]
    pattern: str
    source: Annotated[str, msgspec.Meta(min_length=1)]
    secrets: Annotated[tuple[tuple[str, str], ...], _AtLeastTwo]
    innocent: Annotated[tuple[str, ...], _AtLeastTwo]
    needs: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    rule: tuple[MaskingRule, ...]


def read_rules(path: Path = RULES_FILE) -> tuple[MaskingRule, ...]:
    """Read rules of masking.

    Raises:
        msgspec.ValidationError: A rule lacks something, for example its second look-alike.
        ValueError: Two rules have one id.
    """
    rules = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).rule
    ids = [rule.id for rule in rules]
    if len(set(ids)) < len(ids):
        raise ValueError(f"{path}: an id is there twice")
    return rules


def rule_pattern(rule: MaskingRule) -> Pattern:
    """The pattern of a rule, its words spelled out."""
    return compile_pattern(_WORD.sub(_spellings, rule.pattern), where=f"masking rule {rule.id}")


def _spellings(found: re.Match[str]) -> str:
    """A word as programs spell it: no case is ignored, so that what a match needs is known octet by octet."""
    word = found[1]
    return f"(?:{word}|{word.upper()}|{word.capitalize()})"
