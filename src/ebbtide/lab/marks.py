"""The marks by which the checks of 2001 know a hole, written down once more, apart from the checks that they test."""

import re

CAP_BYTES = 262_144
"""A survey reads no more of a body, unless its settings say so."""

DEFAULT_PATCH_MARK = b"<!-- MS01-033 -->"
"""What a survey takes for the patch mark when nobody tells it another."""

# A letter can be the second byte of a character, as in Shift JIS; it is no part of the word then.
_IDQ = re.compile(rb"(?:\b|[\x81-\xfe][0-9A-Za-z_])IDQ\b", re.IGNORECASE)
_DRIVE_PATH = re.compile(rb"(?<![0-9A-Za-z])[A-Za-z]:\\(?:[^\\/:*?\"<>|\r\n]+\\)+")
_ADMIN_TITLE = re.compile(
    rb"(?i:<title)(?:[ \t\n\f\r][^>]*)?>[ \t\n\f\r]*IIS Internet Services Manager \(HTMLA\)[ \t\n\f\r]*(?i:</title)"
)
_CLIENT_TEMPLATE = re.compile(
    rb"<script\b[^>]*\btype[ \t\n\f\r]*=[ \t\n\f\r]*[\"']?text/[^\"' \t\n\f\r>]*te?mpl[^>]*>.*?(?:</script\b[^>]*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_SERVER_TAGS = re.compile(rb"<%.*?%>", re.DOTALL)
_INFECTED = re.compile(rb"window\.open\([ \t\n\f\r]*[\"']readme\.eml[\"']", re.IGNORECASE)


def shows_filter(body: bytes, name: bytes) -> bool:
    """Whether the indexing filter itself answered: the token ``IDQ`` and the absent name that was asked for."""
    return _IDQ.search(body) is not None and name in body


def shows_path(body: bytes) -> bool:
    """Whether a path with drive letter stands in the reply."""
    return _DRIVE_PATH.search(body) is not None


def shows_admin(status: int, body: bytes) -> bool:
    """Whether these are the administration pages: 200 and their exact title."""
    return status == 200 and _ADMIN_TITLE.search(body) is not None  # noqa: PLR2004  the status itself


def shows_script(status: int, body: bytes) -> bool:
    """Whether a successful page holds server tags that nobody executed, client-side templates left aside."""
    is_success = 200 <= status <= 299  # noqa: PLR2004  the class of success, RFC 9110 section 15.3
    return is_success and _SERVER_TAGS.search(_CLIENT_TEMPLATE.sub(b"", body)) is not None


def shows_infection(body: bytes) -> bool:
    """Whether the page opens the worm's mail file in its visitor's browser."""
    return _INFECTED.search(body) is not None
