"""A few files of ours or of an owner, fetched as a survey asks: same clocks, same caps, same scope, one GET each."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote, urlsplit

import msgspec

from ebbtide.conduct.identity_check import Fetched
from ebbtide.frame.entries import Defaults, list_targets
from ebbtide.frame.lines import Line
from ebbtide.model.configuration import RedirectRule
from ebbtide.model.outcomes import Answered, Failed, Outcome
from ebbtide.model.targets import Level, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.probe.lookup import Resolved
from ebbtide.probe.network import Network
from ebbtide.probe.resolve import resolve_hosts
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.settings import Assignment, ProbeSettings

Resolve = Callable[[Iterable[str]], Iterable[Resolved]]


class _Paths(msgspec.Struct, frozen=True):
    """A plan that asks each target for its own paths."""

    paths: dict[bytes, tuple[str, ...]]

    def next_requests(self, target: Target, seen: Sequence[Exchange], _level: Level) -> Sequence[Request]:
        if seen:
            return ()
        return tuple(
            Request(path, Purpose.ROOT if path == "/" else Purpose.CHECK) for path in self.paths[target.target_id]
        )


def fetch_each(
    urls: Iterable[str],
    settings: ProbeSettings,
    *,
    resolve: Resolve = resolve_hosts,
    network: Network | None = None,
) -> dict[str, Fetched]:
    """Fetch every URL once; a redirect is not followed, robots.txt not asked.

    Args:
        urls: http or https.
        settings: How to ask; its scope decides on every address.
        resolve: Names to addresses.
        network: The real one by default.

    Returns:
        URL to what came of it; one entry for each.

    Raises:
        FrameError: It is no URL of a web server.
    """
    wanted: defaultdict[bytes, dict[str, str]] = defaultdict(dict)
    targets: dict[bytes, Target] = {}
    for number, url in enumerate(dict.fromkeys(urls), 1):
        (target,) = list_targets(Line(url.partition("#")[0], number, "URL"), Defaults())
        targets[target.target_id] = target
        wanted[target.target_id].setdefault(_path(url), url)
    alone: ProbeSettings = msgspec.structs.replace(settings, redirects=RedirectRule.NONE)
    plan = _Paths({identity: tuple(paths) for identity, paths in wanted.items()})
    names = dict.fromkeys(target.host for target in targets.values() if not target.address)
    resolved = {each.host: each for each in resolve(names)}
    done: list[Transcript] = []
    assignments: list[Assignment] = []
    for target in targets.values():
        found = Resolved(target.host, (target.address,)) if target.address else resolved[target.host]
        if found.failure is not None:
            done.append(Transcript(target, 1, found.failure, ()))
        else:
            assignments.append(Assignment(target, found.addresses, 1, Level.PASSIVE))
    probe_assignments(
        assignments,
        plan,
        alone,
        on_start=lambda _assignment: None,
        on_done=lambda raw: done.append(raw.masked()),
        network=network,
    )
    return {
        url: _fetched(url, path, transcript)
        for transcript in done
        for path, url in wanted[transcript.target.target_id].items()
    }


def _path(url: str) -> str:
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return f"{path}?{query}" if query else path


def _fetched(url: str, path: str, transcript: Transcript) -> Fetched:
    exchange = next((each for each in transcript.exchanges if each.request.path == path), None)
    if exchange is None or not isinstance(exchange.outcome, Answered):
        return Fetched(url, problem=_problem(exchange.outcome if exchange else transcript.outcome))
    kinds = exchange.field_values(b"content-type")
    media_type = kinds[0].partition(b";")[0].strip().lower().decode("latin-1") if kinds else ""
    problem = "it is longer than the cap" if exchange.is_truncated else ""
    return Fetched(url, exchange.status, media_type, exchange.body, problem)


def _problem(outcome: Outcome) -> str:
    match outcome:
        case Answered():
            return "it was not asked"
        case Failed():
            return f"{outcome.stage} failed, {outcome.fault.replace('_', ' ')}"
        case _:
            return f"{outcome.reason.replace('_', ' ')} ({outcome.detail})"
