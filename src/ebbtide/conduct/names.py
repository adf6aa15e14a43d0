"""Canonical host names: lower-case A-labels without a trailing dot. Names of a frame and of opt-outs must agree."""

import re
import unicodedata

import idna

_MOST_NAME_CHARACTERS = 253
_MOST_LABEL_CHARACTERS = 63
_PLAIN_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z][a-z0-9_-]{0,62}\Z")
_LENIENT_LABEL = re.compile(r"[a-z0-9_-]{1,63}\Z")
_ALL_DIGITS = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)\Z")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")


def canonical_name(text: str) -> str:
    """The canonical form of a host name.

    Args:
        text: A name as written by people: any case, Unicode or A-labels, with or without one trailing dot.

    Returns:
        Lower-case ASCII, at most 253 characters, at least one label; never something that reads as an address.

    Raises:
        ValueError: With a sentence saying why the text is no host name.

    Source:
        RFC 1123 (2.1), RFC 5890 to 5894 (IDNA 2008), UTS 46 for mapping. Underscores, hyphens in odd places and
        symbols are let through, since such names are served on the web.
    """
    name = text.strip()
    if len(name) <= _MOST_NAME_CHARACTERS and _PLAIN_NAME.match(name) and "xn--" not in name:
        return name
    if name.isascii():
        name = name.lower().removesuffix(".")
        labels = name.split(".")
        if "xn--" in name:
            labels = [_ascii_label(label) for label in labels]
    else:
        labels = [_ascii_label(label) for label in _DOTS.split(_mapped(name))]
        if len(labels) > 1 and not labels[-1]:
            labels.pop()
    for label in labels:
        _require_label(label)
    if _ALL_DIGITS.match(labels[-1]):
        raise ValueError("its last label is a number, so it reads as a mistyped address")
    canonical = ".".join(labels)
    if len(canonical) > _MOST_NAME_CHARACTERS:
        raise ValueError(f"it has {len(canonical)} characters, more than {_MOST_NAME_CHARACTERS}")
    return canonical


def _require_label(label: str) -> None:
    if _LENIENT_LABEL.match(label):
        return
    if not label:
        raise ValueError("it has an empty label")
    if len(label) > _MOST_LABEL_CHARACTERS:
        raise ValueError(f"it has a label of {len(label)} characters, more than {_MOST_LABEL_CHARACTERS}")
    raise ValueError("it has a character that no host name has")


def _mapped(name: str) -> str:
    if len(name) > 4 * _MOST_NAME_CHARACTERS:
        raise ValueError("it is far too long")
    try:
        return idna.uts46_remap(name, std3_rules=False, transitional=False)
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError("it has a character that IDNA 2008 does not allow") from error


def _ascii_label(label: str) -> str:
    if label.isascii() and not label.startswith("xn--"):
        return label.lower()
    try:
        return idna.alabel(label).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        if label.isascii():
            # Registered under an older IDNA: such names are in the DNS and answer; they stay as they stand.
            return label
        if any(unicodedata.category(character)[0] in "CZM" for character in label):
            raise ValueError("it has a character that IDNA 2008 does not allow") from error
        # Symbols were registered before 2008 and are still served; Punycode (RFC 3492) is all that is needed to ask.
        return "xn--" + label.encode("punycode").decode("ascii")
