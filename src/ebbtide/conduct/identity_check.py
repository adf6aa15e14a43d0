"""Whether what stands on the web says who we are: a decision over what was fetched, and nothing else."""

import hashlib
import html
import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from ebbtide.conduct.identity import is_complete
from ebbtide.conduct.well_known import PROBING_PATH, contact_uri, opt_out_of, parse_fields, parse_moment, well_known_url
from ebbtide.model.configuration import Identity

_SPACE = re.compile(r"\s+")
_OPT_OUT = re.compile(r"opt(?:s|ed|ing)?[\s\u2010-\u2015_-]*out", re.IGNORECASE)
_OK = 200


class Fetched(msgspec.Struct, frozen=True):
    """One page of ours, as it was seen from here.

    Attributes:
        status: ``None`` if there was no answer.
        media_type: Lower case, without parameters.
        body: Decoded, at most the survey's cap.
        problem: Why there is no whole answer; empty if there is one.
    """

    url: str
    status: int | None = None
    media_type: str = ""
    body: bytes = b""
    problem: str = ""


class IdentitySeen(msgspec.Struct, frozen=True):
    """What the check goes by.

    Attributes:
        page: The page that explains the survey.
        probing: ``probing.txt`` beside it.
        reverse_names: Each address from which we ask to the names that reverse DNS has for it.
    """

    page: Fetched
    probing: Fetched
    reverse_names: dict[str, tuple[str, ...]]


class IdentityVerdict(msgspec.Struct, frozen=True):
    """What the check found.

    Attributes:
        problems: Sentences, the gravest first; empty means that the survey may begin.
        remarks: What stands in for a rule, or is soon to be seen to.
        digest: SHA-256 of all that was seen, hexadecimal; it goes into the round's log.
        page_sha256, probing_sha256: Of the two bodies.
        addresses: From which we ask, with the names of their reverse DNS.
        waiver: The reason that stands in for missing reverse DNS; empty if it was not needed.
        expires: When ``probing.txt`` ends, as it says.
    """

    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    digest: str
    page_sha256: str
    probing_sha256: str
    addresses: dict[str, tuple[str, ...]]
    waiver: str
    expires: str

    @property
    def is_good(self) -> bool:
        """Whether anything outside loopback may be asked."""
        return not self.problems


def judge_identity(identity: Identity, seen: IdentitySeen, now: datetime) -> IdentityVerdict:
    """Decide whether we may introduce ourselves as ``[identity]`` says.

    Args:
        identity: ``[identity]``.
        seen: What was fetched, from the machine that asks.
        now: The present, with a time zone.

    Returns:
        The verdict. The page must be there, name the contact and say how to opt out; ``probing.txt`` must be there,
        name the same contact, and not have ended; every address must have reverse DNS, or a waiver with a reason.
    """
    fields = parse_fields(seen.probing.body.decode("utf-8", "replace"))
    nameless = sorted(address for address, names in seen.reverse_names.items() if not names)
    waiver = identity.reverse_dns_waiver.strip() if nameless else ""
    problems = [
        *_page_problems(identity, seen.page),
        *_probing_problems(identity, seen.probing, fields, now),
        *_address_problems(seen.reverse_names, nameless, waiver),
    ]
    if not is_complete(identity):
        problems.insert(0, "[identity] must name organisation, page and contact.")
    page_sha256, probing_sha256 = (hashlib.sha256(each.body).hexdigest() for each in (seen.page, seen.probing))
    return IdentityVerdict(
        problems=tuple(problems),
        remarks=(f"no reverse DNS for {', '.join(nameless)}, waived because: {waiver}",) if waiver else (),
        digest=hashlib.sha256(msgspec.json.encode(seen, order="deterministic")).hexdigest(),
        page_sha256=page_sha256,
        probing_sha256=probing_sha256,
        addresses=seen.reverse_names,
        waiver=waiver,
        expires=next(iter(fields.get("expires", ())), ""),
    )


def _page_problems(identity: Identity, page: Fetched) -> Iterator[str]:
    if (problem := _fetch_problem(page)) is not None:
        yield f"the page {page.url} is not there: {problem}."
        return
    text = _SPACE.sub(" ", html.unescape(page.body.decode("utf-8", "replace"))).casefold()
    for what, place in (("contact", identity.contact), ("place to opt out", opt_out_of(identity))):
        bare = place.strip().removeprefix("mailto:").casefold()
        if bare not in text:
            yield f"the page {page.url} does not name the {what} {place.strip()}."
            break
    if not _OPT_OUT.search(text):
        yield f"the page {page.url} does not say how to opt out (the words opt-out stand nowhere in it)."


def _probing_problems(
    identity: Identity, probing: Fetched, fields: dict[str, tuple[str, ...]], now: datetime
) -> Iterator[str]:
    if (problem := _fetch_problem(probing)) is not None:
        yield f"{probing.url} is not there: {problem}."
        return
    contacts = {contact.casefold() for contact in fields.get("contact", ())}
    if contact_uri(identity.contact).casefold() not in contacts:
        yield f"{probing.url} is not ours: it has no line Contact: {contact_uri(identity.contact)}."
    canonical = fields.get("canonical", ())
    if canonical and well_known_url(identity.page, PROBING_PATH) not in canonical:
        yield f"{probing.url} is not ours: its Canonical is {canonical[0][:200]}."
    ends = [parse_moment(text) for text in fields.get("expires", ())]
    if len(ends) != 1 or ends[0] is None:
        yield f"{probing.url} must say once when it expires, as Expires: 2027-12-31T00:00:00Z."
    elif ends[0] <= now:
        yield f"{probing.url} is out of date: it expired at {fields['expires'][0][:40]}."


def _address_problems(reverse_names: dict[str, tuple[str, ...]], nameless: list[str], waiver: str) -> Iterator[str]:
    if not reverse_names:
        yield "it is not known from which address we ask; name it in identity.addresses."
    elif nameless and not waiver:
        yield (
            f"there is no reverse DNS for {', '.join(nameless)}, from which we ask, and no reason in "
            "identity.reverse_dns_waiver."
        )


def _fetch_problem(fetched: Fetched) -> str | None:
    if fetched.problem:
        return fetched.problem
    if fetched.status != _OK:
        return f"the server answers with status {fetched.status}"
    return None if fetched.body else "the answer is empty"
