"""Ids made from names: lower case, everything but letters and digits becomes a hyphen."""

LONGEST = 64
"""A slug is cut here, so that a hostile banner cannot make a long id."""


def slug(text: str) -> str:
    """The id of a name, for example ``microsoft-iis``; empty if the name holds neither letter nor digit of ASCII."""
    kept = (character if character.isascii() and character.isalnum() else " " for character in text.lower())
    return "-".join("".join(kept).split())[:LONGEST].strip("-")
