"""Facts and their names: the id of a fact is a hash of everything that names it, and of no value."""

import hashlib
from typing import Any

import msgspec

from ebbtide.model.facts import Fact

NAMED_BY = (
    "round", "from_round", "judgement", "metric", "unit", "lens", "lens_value", "family", "check", "check_version",
    "category", "variant",
)  # fmt: skip
_DEFAULTS = {"lens": "all", "variant": "all"}


def make_fact(**fields: Any) -> Fact:
    """A fact with its id.

    Args:
        fields: Of ``Fact``, without ``id``.
    """
    named = [fields.get(name, _DEFAULTS.get(name, "")) for name in NAMED_BY]
    name = hashlib.blake2b(msgspec.json.encode(named), digest_size=8).hexdigest()
    return Fact(id=name, **fields)
