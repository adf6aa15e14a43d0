"""Who asks, and how we say so in every request."""

import re
import unicodedata

from ebbtide import __version__
from ebbtide.model.configuration import Identity

_PAGE = re.compile(r"https?://[^\s/@]+\.[^\s@]+\Z", re.ASCII)
_MAIL = re.compile(r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+\Z", re.ASCII)
_NOT_IN_A_COMMENT = re.compile(r"[^ !#-'*-\[\]-~]")


def is_complete(identity: Identity) -> bool:
    """Whether organisation, page and contact are all there and usable; nothing outside loopback is asked without.

    Args:
        identity: The section ``[identity]``.

    Returns:
        True if the organisation is named, the page is an http or https URL of a host with a dot, and the contact is a
        mail address or such a URL.
    """
    contact = identity.contact.strip().removeprefix("mailto:")
    return bool(
        _comment_text(identity.organisation)
        and _PAGE.match(identity.page.strip())
        and (_MAIL.match(contact) or _PAGE.match(contact))
    )


def user_agent(identity: Identity) -> str:
    """The User-Agent of every request (RFC 9110, 10.1.5): our own name first, never a browser's.

    Args:
        identity: The section ``[identity]``.

    Returns:
        Printable ASCII, for example ``Ebbtide/0.1.0 (+https://survey.example/; Example University; it@example.org)``.
    """
    parts = [f"+{page}" if (page := _comment_text(identity.page)) else ""]
    parts += [_comment_text(identity.organisation), _comment_text(identity.contact)]
    comment = "; ".join(part for part in parts if part) or "survey of web servers"
    return f"Ebbtide/{__version__} ({comment})"


def _comment_text(text: str) -> str:
    """What may stand in a comment of a field: printable ASCII without parentheses, quotes and backslash."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _NOT_IN_A_COMMENT.sub("", plain).strip()[:200]
