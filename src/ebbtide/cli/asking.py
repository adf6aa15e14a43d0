"""Asking a handful of servers from the command line, under the same rules of conduct as a round."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ebbtide.cli.certificate_view import certificate_views, tls_view
from ebbtide.conduct.authority import NO_AUTHORITIES, is_loopback, level_for
from ebbtide.conduct.identity import user_agent
from ebbtide.conduct.scope import Scope, build_scope
from ebbtide.frame.entries import Defaults, list_targets
from ebbtide.frame.lines import Line
from ebbtide.model.configuration import (
    CapsSection,
    ClocksSection,
    Identity,
    LimitsSection,
    RedirectRule,
    ScopeSection,
    SurveyConfig,
)
from ebbtide.model.errors import ConductError
from ebbtide.model.outcomes import Answered, Failed, Outcome, Skipped
from ebbtide.model.targets import Level, Target
from ebbtide.model.transcripts import Exchange, Plan, Transcript
from ebbtide.probe.resolve import resolve_hosts
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.settings import Assignment, ProbeSettings
from ebbtide.survey.introducing import at_home, require_identity
from ebbtide.survey.outside import outside_for
from ebbtide.wire.charset import find_charset, page_title

NOWHERE = Path()
SALT = b"asked by hand"


def ask_urls(
    urls: Sequence[str],
    plan: Plan,
    identity: Identity,
    open_ranges: Sequence[str],
    redirects: RedirectRule = RedirectRule.NONE,
) -> list[Transcript]:
    """Ask each URL's server once, at the highest level that its authority allows.

    Args:
        urls: http or https; only scheme, host and port are used.
        plan: What to ask.
        identity: Who asks; needed outside loopback.
        open_ranges: Special-purpose prefixes opened by name.
        redirects: How far redirects are followed.

    Raises:
        FrameError: A URL cannot be used.
        ConductError: The rules forbid a target, or the page does not say who asks; nothing was sent to any target.
    """
    scope = build_scope(ScopeSection(open=tuple(open_ranges)), identity, (), "--open")
    lines = [Line(url, number, "URL") for number, url in enumerate(urls, 1)]
    named = [target for line in lines for target in list_targets(line, Defaults())]
    assignments, unresolved = _assignments(named, scope)
    if all(is_loopback(address) for each in assignments for address in each.addresses):
        scope = at_home(scope)
    else:
        own = SurveyConfig(identity=identity, scope=ScopeSection(open=tuple(open_ranges)))
        require_identity(own, "--page", outside_for(own))
    settings = ProbeSettings(
        user_agent=user_agent(identity),
        clocks=ClocksSection(),
        caps=CapsSection(),
        limits=LimitsSection(in_flight=20),
        scope=scope,
        redirects=redirects,
    )
    done: list[Transcript] = []
    probe_assignments(
        assignments,
        plan,
        settings,
        on_start=lambda _assignment: None,
        on_done=lambda raw: done.append(raw.masked()),
    )
    return unresolved + done


def _assignments(targets: Sequence[Target], scope: Scope) -> tuple[list[Assignment], list[Transcript]]:
    names = dict.fromkeys(target.host for target in targets if not target.address)
    resolved = {each.host: each for each in resolve_hosts(names)}
    assignments: list[Assignment] = []
    unresolved: list[Transcript] = []
    for target in targets:
        found = None if target.address else resolved[target.host]
        if found is not None and found.failure is not None:
            unresolved.append(Transcript(target=target, attempt=1, outcome=found.failure, exchanges=()))
            continue
        addresses = (target.address,) if found is None else found.addresses
        for forbidden in (scope.decide_host(target.host), *(scope.decide_address(address) for address in addresses)):
            if forbidden is not None:
                raise ConductError(
                    f"{target.base_url} is {forbidden.reason.replace('_', ' ')} ({forbidden.detail}).",
                    remedy="Open the range by name with --open, for example --open 127.0.0.0/8."
                    if "identity" not in forbidden.detail
                    else "Outside loopback say who asks: --organisation, --page and --contact.",
                )
        today = datetime.now(UTC).date()
        grant = level_for(target.host, addresses, Level.ACTIVE, scope, NO_AUTHORITIES, today)
        assignments.append(Assignment(target=target, addresses=addresses, attempt=1, level=grant.level))
    return assignments, unresolved


def outcome_text(outcome: Outcome) -> str:
    """An outcome in one short phrase."""
    match outcome:
        case Answered():
            return "answered"
        case Failed():
            return f"failed: {outcome.stage}/{outcome.fault}" + (f" ({outcome.detail})" if outcome.detail else "")
        case Skipped():
            return f"skipped: {outcome.reason}"


def exchange_view(transcript: Transcript) -> dict[str, object]:
    """A transcript as plain values, for JSON and tables; octets as Latin-1 text."""
    return {
        "target": transcript.target.base_url,
        "address": transcript.address,
        "outcome": outcome_text(transcript.outcome),
        "elapsed_s": transcript.elapsed_s,
        "certificates": certificate_views(transcript),
        "exchanges": [_one(exchange) for exchange in transcript.exchanges],
    }


def _one(exchange: Exchange) -> dict[str, object]:
    charset = find_charset(exchange.body, exchange.field_values(b"content-type"))
    return {
        "method": str(exchange.request.method),
        "path": exchange.request.path,
        "outcome": outcome_text(exchange.outcome),
        "status": exchange.status,
        "http_version": exchange.http_version,
        "reason": exchange.reason.decode("latin-1"),
        "fields": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in exchange.fields],
        "server": b", ".join(exchange.field_values(b"server")).decode("latin-1") or None,
        "charset": charset if exchange.body else None,
        "title": page_title(exchange.body, charset) or None,
        "body": exchange.body.decode("latin-1"),
        "body_bytes": exchange.body_bytes,
        "body_sha256": hashlib.sha256(exchange.body).hexdigest(),
        "is_truncated": exchange.is_truncated,
        "deviations": [str(deviation) for deviation in exchange.deviations],
        "tls": tls_view(exchange.tls),
        "total_s": exchange.total_s,
    }
