"""Proof of control by an owner: a token that only this survey could have made, published where only the owner can."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import date

import msgspec

from ebbtide.conduct.authority import ALL_CHECKS, Authority, AuthorityKind
from ebbtide.conduct.identity_check import Fetched
from ebbtide.model.targets import Level

CHALLENGE_PATH = "/.well-known/ebbtide-challenge.txt"
MOST_DAYS = 366
_PREFIX = "ebbtide-challenge="
_OK = 200
_MOST_LINES = 100


class Challenge(msgspec.Struct, frozen=True):
    """What an owner publishes for one host.

    Attributes:
        host: Canonical host name or address; the proof is for exactly this host.
        survey: Public id of the survey.
        expires: The last day on which it proves anything.
        token: Keyed hash of the three, hexadecimal.
    """

    host: str
    survey: str
    expires: date
    token: str

    @property
    def text(self) -> str:
        """The line to publish."""
        return f"{_PREFIX}{self.survey}.{self.expires:%Y%m%d}.{self.token}"

    @property
    def txt_name(self) -> str:
        """Where it goes in the DNS, as a TXT record."""
        return f"_ebbtide-challenge.{self.host}"


def survey_id(salt: bytes) -> str:
    """The public id of a survey; its secret cannot be told from it."""
    return hashlib.blake2b(b"id", key=salt, person=b"ebbtide-survey", digest_size=8).hexdigest()


def make_challenge(salt: bytes, host: str, expires: date) -> Challenge:
    """The challenge for a host.

    Args:
        salt: The survey's secret, the key of the hash.
        host: Canonical host name or address.
        expires: The last day on which it holds.
    """
    survey = survey_id(salt)
    bound = f"{survey}\0{host}\0{expires}".encode()
    token = hashlib.blake2b(bound, key=salt, person=b"ebbtide-proof-1", digest_size=16).hexdigest()
    return Challenge(host, survey, expires, token)


def find_proof(salt: bytes, host: str, lines: Iterable[str], day: date) -> Challenge | None:
    """The proof among lines that a stranger published.

    Args:
        salt: The survey's secret.
        host: For which host.
        lines: Untrusted; they are only compared.
        day: The present day.

    Returns:
        The valid challenge that lasts longest; ``None`` if there is none.
    """
    valid = []
    for _, line in zip(range(_MOST_LINES), lines, strict=False):
        until = _expiry(line.strip())
        if until is not None and until >= day:
            challenge = make_challenge(salt, host, until)
            if hmac.compare_digest(challenge.text.encode(), line.strip().encode()):
                valid.append(challenge)
    return max(valid, key=lambda each: each.expires, default=None)


def lines_of_file(fetched: Fetched) -> tuple[list[str], str]:
    """The lines of a challenge file, or why it proves nothing.

    A text file alone counts: pages that any visitor may write to are HTML.
    """
    if fetched.problem:
        return [], fetched.problem
    if fetched.status != _OK:
        return [], f"the server answers with status {fetched.status}"
    if fetched.media_type != "text/plain":
        return [], f"the file is served as {fetched.media_type[:60] or 'nothing'}, not as text/plain"
    return fetched.body.decode("utf-8", "replace").splitlines()[:_MOST_LINES], ""


def proof_authority(challenge: Challenge, how: str, problem: str = "") -> Authority:
    """What a proof of control allows: everything that Ebbtide does, at exactly this host."""
    return Authority(
        kind=AuthorityKind.PROOF,
        name=f"{AuthorityKind.PROOF}:{challenge.host}",
        who=f"the owner of {challenge.host}",
        scope=(challenge.host,),
        level=Level.ACTIVE,
        checks=(ALL_CHECKS,),
        expires=challenge.expires,
        record={"proved_by": how, "challenge": challenge.text},
        problem=problem,
    )


def _expiry(line: str) -> date | None:
    parts = line.removeprefix(_PREFIX).split(".") if line.startswith(_PREFIX) else []
    digits = parts[1] if len(parts) == 3 else ""  # noqa: PLR2004  # survey, day, token
    try:
        return date.fromisoformat(digits) if digits.isascii() and digits.isdigit() else None
    except ValueError:
        return None
