"""The two files that name us to whoever meets our requests: ``probing.txt`` (RFC 9511), ``security.txt`` (RFC 9116)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from ebbtide.model.configuration import Identity

PROBING_PATH = "/.well-known/probing.txt"
SECURITY_PATH = "/.well-known/security.txt"

Fields = dict[str, tuple[str, ...]]


def parse_fields(text: str) -> Fields:
    """Read the lines of such a file.

    Args:
        text: Fields ``Name: value``, one a line; remarks begin with ``#``. A signature around them is passed over.

    Returns:
        Lower-case name to its values in order. A line that is no field is left out.

    Source:
        RFC 9116, 4 (which RFC 9511, 2.2 takes over).
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and value.strip() and not line.startswith("#") and " " not in name.strip():
            found[name.strip().lower()].append(value.strip())
    return {name: tuple(values) for name, values in found.items()}


def parse_moment(text: str) -> datetime | None:
    """A date and time of RFC 3339, in UTC; ``None`` if it is none."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def well_known_url(page: str, path: str) -> str:
    """The URL of a well-known file on the server of a page."""
    parts = urlsplit(page.strip())
    return f"{parts.scheme}://{parts.netloc}{path}"


def contact_uri(contact: str) -> str:
    """A contact as a URI: a mail address gets its scheme."""
    plain = contact.strip()
    return plain if "://" in plain or plain.startswith("mailto:") else f"mailto:{plain}"


def opt_out_of(identity: Identity) -> str:
    """Where to opt out: its own place, or the contact."""
    return identity.opt_out.strip() or identity.contact.strip()


def render_probing(identity: Identity, expires: datetime) -> str:
    """``probing.txt``: what our requests are and whom to ask.

    Args:
        identity: ``[identity]``, complete.
        expires: From when on it shall not be trusted; within a year is advised.

    Source:
        RFC 9511, 2.2 and 4.
    """
    said = identity.purpose.strip() or f"A survey of web servers by {identity.organisation.strip()}."
    description = f"{said} What is asked, how often, and how to opt out: {identity.page.strip()}"
    return _rendered(
        f"Requests that name {identity.organisation.strip()} in their User-Agent come from this survey.",
        (
            ("Canonical", well_known_url(identity.page, PROBING_PATH)),
            *_contacts(identity),
            ("Expires", _moment_text(expires)),
            ("Preferred-Languages", ", ".join(identity.languages)),
            ("Description", " ".join(description.split())),
        ),
    )


def render_security(identity: Identity, expires: datetime) -> str:
    """``security.txt``: whom to tell of a hole in the survey's own server.

    Args:
        identity: ``[identity]``, complete.
        expires: As for ``render_probing``.

    Source:
        RFC 9116, 2.5.
    """
    return _rendered(
        "Whom to tell of a security problem on this server.",
        (
            *_contacts(identity),
            ("Expires", _moment_text(expires)),
            ("Canonical", well_known_url(identity.page, SECURITY_PATH)),
            ("Preferred-Languages", ", ".join(identity.languages)),
        ),
    )


def _contacts(identity: Identity) -> tuple[tuple[str, str], ...]:
    uris = dict.fromkeys(contact_uri(each) for each in (identity.contact, opt_out_of(identity)))
    return tuple(("Contact", uri) for uri in uris)


def _moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rendered(remark: str, fields: Iterable[tuple[str, str]]) -> str:
    lines = [f"# {' '.join(remark.split())}", *(f"{name}: {value}" for name, value in fields if value)]
    return "\n".join(lines) + "\n"
