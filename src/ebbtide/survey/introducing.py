"""Before anybody outside loopback is asked: does what stands on the web say who we are? If not, the run stops."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from ebbtide.conduct.authority import is_loopback
from ebbtide.conduct.identity_check import IdentitySeen, IdentityVerdict, judge_identity
from ebbtide.conduct.scope import Scope, build_scope
from ebbtide.conduct.well_known import PROBING_PATH, well_known_url
from ebbtide.model.configuration import ScopeSection, SurveyConfig
from ebbtide.model.errors import ConductError
from ebbtide.model.targets import Target
from ebbtide.probe.fetching import fetch_each
from ebbtide.survey.conduct import decide_target, known_addresses, probe_settings
from ebbtide.survey.outside import Outside


def reaches_outside(targets: Iterable[Target], scope: Scope) -> bool:
    """Whether anybody might be asked outside loopback: a name counts as outside until it is resolved.

    Args:
        targets: Read only as far as the first of them.
        scope: As the configuration has it. Without an identity it closes all but loopback.
    """
    if not scope.has_identity:
        return False
    return any(not _is_at_home(known_addresses(target)) and decide_target(target, scope) is None for target in targets)


def at_home(scope: Scope) -> Scope:
    """The same scope without anything outside loopback: what holds unless the identity was found good."""
    return msgspec.structs.replace(scope, has_identity=False)


def check_identity(config: SurveyConfig, where: str, outside: Outside) -> IdentityVerdict:
    """Look at our own page, ``probing.txt`` and reverse DNS: two requests to our own server, none to anybody else.

    Args:
        config: ``[identity]`` says where to look; the open ranges of ``[scope]`` hold, its exclusions do not.
        where: The configuration file, or the command, for errors.
        outside: The network.

    Raises:
        ConductError: ``[identity]`` is not complete.
    """
    identity = config.identity
    own = build_scope(ScopeSection(open=config.scope.open), identity, (), where)
    if not own.has_identity:
        raise ConductError(
            "organisation, page or contact is missing or cannot be used.",
            where=f"{where}: identity",
            remedy="Outside loopback a survey says who asks: fill them in.",
        )
    page, probing = identity.page.strip(), well_known_url(identity.page, PROBING_PATH)
    fetched = fetch_each(
        (page, probing), probe_settings(config, own), resolve=outside.resolve, network=outside.network()
    )
    addresses = identity.addresses or outside.vantage()
    seen = IdentitySeen(fetched[page], fetched[probing], outside.names_of(addresses))
    return judge_identity(identity, seen, datetime.now(UTC))


def require_identity(config: SurveyConfig, where: str, outside: Outside) -> IdentityVerdict:
    """The verdict of ``check_identity``, if it is good.

    Raises:
        ConductError: It is not; the sentence says what is wrong first. Nothing was sent to any target.
    """
    verdict = check_identity(config, where, outside)
    if not verdict.is_good:
        more = len(verdict.problems) - 1
        raise ConductError(
            f"nobody was asked, since {verdict.problems[0]}",
            where=f"{where}: identity",
            remedy=f"{f'There is more ({more}). ' if more else ''}See all of it with: ebbtide conduct check",
        )
    return verdict


def _is_at_home(addresses: tuple[str, ...]) -> bool:
    return bool(addresses) and all(map(is_loopback, addresses))
