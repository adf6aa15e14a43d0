"""Proofs of control: what an owner is to publish, whether it is published, and what follows for a run."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from ebbtide.conduct.authority import Authority, is_loopback
from ebbtide.conduct.proofs import (
    CHALLENGE_PATH,
    Challenge,
    find_proof,
    lines_of_file,
    make_challenge,
    proof_authority,
)
from ebbtide.control.proofs import ProofOnRecord, proof_store, proofs_on_record
from ebbtide.frame.entries import Defaults, list_targets
from ebbtide.frame.ids import is_address
from ebbtide.frame.lines import Line
from ebbtide.model.errors import ConductError
from ebbtide.model.targets import Target
from ebbtide.probe.fetching import fetch_each
from ebbtide.probe.settings import ProbeSettings
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.outside import Outside

DNS, FILE = "dns", "file"
_USUAL_PORTS = (80, 443)


class Published(msgspec.Struct, frozen=True):
    """What was found of a host's proof.

    Attributes:
        how: ``dns`` or ``file``; empty if nothing valid is published.
        challenge: What was found, if anything valid was.
        problem: Why nothing was, in one sentence.
    """

    host: str
    how: str = ""
    challenge: Challenge | None = None
    problem: str = ""


def issue_challenge(folder: SurveyFolder, host: str, days: int) -> Challenge:
    """Make the challenge for a host and note that it was issued.

    Args:
        folder: The survey.
        host: A host name or address; a URL with a port only on loopback.
        days: For how long the proof may last.

    Raises:
        FrameError: It names no host.
        ConductError: The port is not the web's.
    """
    target = named_host(host)
    challenge = make_challenge(folder.salt, target.host, datetime.now(UTC).date() + timedelta(days=days))
    with proof_store(folder.path) as store:
        store.issue(challenge, target.base_url if "://" in host or target.port not in _USUAL_PORTS else "")
    return challenge


def verify_host(folder: SurveyFolder, host: str, settings: Callable[[], ProbeSettings], outside: Outside) -> Published:
    """Look for the proof of one host, in the DNS first, then in its file, and note what was found.

    Args:
        folder: The survey.
        host: As it was named to ``issue_challenge``.
        settings: How to ask for the file; called only if the DNS shows nothing, since no packet to the host is needed
            before. It may refuse.
        outside: The network.

    Raises:
        ConductError: No challenge was issued for the host.
    """
    name = named_host(host).host
    on_record = [each for each in proofs_on_record(folder.path) if each.challenge.host == name]
    if not on_record:
        raise ConductError(f"no challenge was issued for {name}.", remedy=f"Issue one: ebbtide conduct prove {name}")
    return _look_for(folder, on_record, settings, outside)[0]


def proof_authorities(
    folder: SurveyFolder, settings: Callable[[], ProbeSettings], outside: Outside
) -> tuple[Authority, ...]:
    """What the proofs of all hosts allow today: each is looked for again; what is not found does not hold."""
    seen = [each for each in proofs_on_record(folder.path) if each.verified_at]
    found = _look_for(folder, seen, settings, outside) if seen else []
    return tuple(
        proof_authority(each.challenge or before.challenge, each.how, each.problem)
        for before, each in zip(seen, found, strict=True)
    )


def recorded_authorities(folder: SurveyFolder) -> tuple[Authority, ...]:
    """What the proofs allow as they were last seen; no packet is sent."""
    seen = (each for each in proofs_on_record(folder.path) if each.verified_at)
    return tuple(proof_authority(each.challenge, each.verified_by, each.problem) for each in seen)


def _look_for(
    folder: SurveyFolder, wanted: list[ProofOnRecord], settings: Callable[[], ProbeSettings], outside: Outside
) -> list[Published]:
    found = _in_dns(folder.salt, [each.challenge for each in wanted], outside)
    rest = [each for each in wanted if each.challenge.host not in found]
    if rest:
        found |= _in_files(folder.salt, rest, settings(), outside)
    with proof_store(folder.path) as store:
        for each in found.values():
            if each.challenge is None:
                store.note_missing(each.host, each.problem)
            else:
                store.note_found(each.challenge, each.how)
    return [found[each.challenge.host] for each in wanted]


def _in_dns(salt: bytes, wanted: Iterable[Challenge], outside: Outside) -> dict[str, Published]:
    names = {each.txt_name: each.host for each in wanted if not is_address(each.host)}
    found = {}
    for name, records in outside.texts_of(names).items():
        lines = [record.decode("utf-8", "replace") for record in records]
        challenge = find_proof(salt, names[name], lines, datetime.now(UTC).date())
        if challenge is not None:
            found[challenge.host] = Published(challenge.host, DNS, challenge)
    return found


def _in_files(
    salt: bytes, wanted: list[ProofOnRecord], settings: ProbeSettings, outside: Outside
) -> dict[str, Published]:
    urls = {each.challenge.host: [f"{origin}{CHALLENGE_PATH}" for origin in _origins(each)] for each in wanted}
    fetched = fetch_each(
        [url for each in urls.values() for url in each], settings, resolve=outside.resolve, network=outside.network()
    )
    found = {}
    for host, candidates in urls.items():
        problems = []
        for url in candidates:
            lines, problem = lines_of_file(fetched[url])
            challenge = find_proof(salt, host, lines, datetime.now(UTC).date())
            if challenge is not None:
                found[host] = Published(host, FILE, challenge)
                break
            problems.append(f"{url}: {problem or 'no line of it is a challenge of this survey that still holds'}")
        else:
            found[host] = Published(host, problem="; ".join(problems))
    return found


def _origins(proof: ProofOnRecord) -> tuple[str, ...]:
    host = f"[{proof.challenge.host}]" if ":" in proof.challenge.host else proof.challenge.host
    return (proof.origin,) if proof.origin else (f"http://{host}", f"https://{host}")


def named_host(host: str) -> Target:
    """The host that an operator means; its port must be the web's own, but for loopback.

    Raises:
        FrameError: It is no host.
        ConductError: It is several words, or its port proves nothing.
    """
    if len(host.split()) != 1:
        raise ConductError(
            f"{host[:200]!r} is not one host.", where="HOST", remedy="Write a host name or an IP address."
        )
    (target,) = list_targets(Line(host, 1, "HOST"), Defaults())
    if target.port not in _USUAL_PORTS and not is_loopback(target.host):
        raise ConductError(
            f"port {target.port} proves nothing.",
            where=host[:200],
            remedy="Others than the owner may listen above port 1023: publish on port 80 or 443, or in the DNS.",
        )
    return target
