"""What the configuration allows, and how it makes us introduce ourselves."""

from pathlib import Path

from ebbtide.conduct.identity import user_agent
from ebbtide.conduct.operators import Operators, read_operators
from ebbtide.conduct.opt_outs import read_opt_outs
from ebbtide.conduct.prefix_names import PrefixNames, Wanted, read_prefix_names
from ebbtide.conduct.scope import Scope, build_scope
from ebbtide.frame.ids import is_address
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.outcomes import Skipped
from ebbtide.model.targets import Target
from ebbtide.probe.settings import ProbeSettings
from ebbtide.survey.digests import file_digest
from ebbtide.survey.settings import CONFIGURATION

_COUNTRIES = Wanted("country", "lenses.countries")


def survey_scope(config: SurveyConfig, folder: Path) -> Scope:
    """What may be asked.

    Raises:
        ConductError: An entry of the scope or of the opt-outs cannot be used.
    """
    opt_outs = read_opt_outs(folder / config.scope.opt_out) if config.scope.opt_out else ()
    return build_scope(config.scope, config.identity, opt_outs, str(folder / CONFIGURATION))


def opt_outs_digest(config: SurveyConfig, folder: Path) -> str:
    """Digest of the file of opt-outs, for the log; empty if there is none."""
    return file_digest(folder / config.scope.opt_out) if config.scope.opt_out else ""


def survey_operators(config: SurveyConfig, folder: Path) -> Operators | None:
    """Which networks share a limit; ``None`` if the configuration names no table.

    Raises:
        ConductError: The table cannot be used.
    """
    return read_operators(folder / config.limits.operators) if config.limits.operators else None


def survey_countries(config: SurveyConfig, folder: Path) -> PrefixNames | None:
    """The table of countries; ``None`` without one.

    Raises:
        ConductError: It cannot be used.
    """
    return read_prefix_names(folder / config.lenses.countries, _COUNTRIES) if config.lenses.countries else None


def probe_settings(config: SurveyConfig, scope: Scope, operators: Operators | None = None) -> ProbeSettings:
    """How to ask."""
    return ProbeSettings(
        user_agent=user_agent(config.identity),
        clocks=config.clocks,
        caps=config.caps,
        limits=config.limits,
        scope=scope,
        vantage=config.survey.vantage,
        source=config.survey.source,
        operators=operators,
        redirects=config.plan.redirects,
        most_redirects=config.plan.most_redirects,
        robots=config.plan.robots,
    )


def known_addresses(target: Target) -> tuple[str, ...]:
    """The addresses that need no resolving: the pinned one, or the host if it is an address."""
    if target.address:
        return (target.address,)
    return (target.host,) if is_address(target.host) else ()


def decide_target(target: Target, scope: Scope) -> Skipped | None:
    """What can be decided before a name is resolved."""
    closed = scope.decide_host(target.host)
    for address in known_addresses(target):
        closed = closed or scope.decide_address(address)
    return closed
