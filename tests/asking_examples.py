"""What tests of the probe share: targets, settings, plans, and one call that collects the transcripts."""

from collections.abc import Iterable, Sequence

from ebbtide.conduct.scope import build_scope
from ebbtide.frame.ids import site_id, target_id
from ebbtide.model.configuration import CapsSection, ClocksSection, Identity, LimitsSection, RedirectRule, ScopeSection
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Plan, Purpose, Request, Transcript
from ebbtide.probe.network import Network
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.settings import Assignment, ProbeSettings

LOOPBACK_ONLY = build_scope(ScopeSection(open=("127.0.0.0/8", "::1/128")), Identity(), (), "test")
PATIENT = ClocksSection(connect_s=5, handshake_s=5, target_s=10)
UNLIMITED = LimitsSection(in_flight=100, in_flight_per_prefix=100, requests_per_prefix_s=0)


class ListPlan:
    """Asks for fixed paths, so many in each set."""

    def __init__(self, *sets: Sequence[str | Request]) -> None:
        self._sets = [
            [Request(one, Purpose.ROOT) if isinstance(one, str) else one for one in requests] for requests in sets
        ]

    def next_requests(self, _target: Target, seen: Sequence[Exchange], _level: Level) -> Sequence[Request]:
        """The next set whose requests were not yet seen."""
        asked = 0
        for requests in self._sets:
            if asked == len(seen):
                return requests
            asked += len(requests)
        return ()


ROOT_ONLY = ListPlan(["/"])


def make_target(host: str, port: int = 80, scheme: Scheme = Scheme.HTTP) -> Target:
    """A target by name or address."""
    return Target(target_id(host, "*", port, scheme), site_id(host), host, "", port, scheme)


def make_assignment(
    address: str, port: int = 80, scheme: Scheme = Scheme.HTTP, *, host: str = "", more: Sequence[str] = ()
) -> Assignment:
    """An assignment for one address, or for several."""
    return Assignment(make_target(host or address, port, scheme), (address, *more), 1, Level.PASSIVE)


def make_settings(
    *,
    clocks: ClocksSection = PATIENT,
    caps: CapsSection | None = None,
    limits: LimitsSection = UNLIMITED,
    redirects: RedirectRule = RedirectRule.NONE,
) -> ProbeSettings:
    """Settings that admit loopback only."""
    return ProbeSettings("ebbtide-test", clocks, caps or CapsSection(), limits, LOOPBACK_ONLY, "test bench", redirects)


def probe_all(
    assignments: Iterable[Assignment],
    *,
    plan: Plan = ROOT_ONLY,
    settings: ProbeSettings | None = None,
    network: Network | None = None,
) -> list[Transcript]:
    """Probe, and return the transcripts in the order in which they came."""
    done: list[Transcript] = []
    probe_assignments(
        assignments,
        plan,
        settings or make_settings(),
        on_start=lambda _one: None,
        on_done=lambda raw: done.append(raw.masked()),
        network=network,
    )
    return done
