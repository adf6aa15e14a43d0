"""What must be settled before a run's first packet: who we are, and who allows us what."""

import time
from collections.abc import Iterable

import msgspec

from ebbtide.conduct.authority import NO_AUTHORITIES, Authorities, is_loopback
from ebbtide.conduct.identity_check import IdentityVerdict
from ebbtide.conduct.scope import Scope
from ebbtide.judge.engine import Engine
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import ConfigurationError
from ebbtide.model.targets import Level, Target
from ebbtide.probe.settings import ProbeSettings
from ebbtide.probe.vantage import can_ask_from
from ebbtide.rounds.entries import IdentityChecked
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.round import Round
from ebbtide.survey.authorising import checked_authorities, keep_authorities
from ebbtide.survey.conduct import probe_settings, survey_scope
from ebbtide.survey.introducing import at_home, reaches_outside, require_identity
from ebbtide.survey.outside import Outside
from ebbtide.survey.proving import named_host
from ebbtide.survey.settings import CONFIGURATION


class Admission(msgspec.Struct, frozen=True):
    """What a run may do.

    Attributes:
        scope: Loopback alone, unless the identity was found good: whoever forgets the check reaches nobody.
        identity: What the check found; ``None`` if nobody outside loopback is to be asked.
        authorities: Who allows the active level outside loopback.
    """

    scope: Scope
    identity: IdentityVerdict | None
    authorities: Authorities

    @property
    def is_outside(self) -> bool:
        """Whether anybody outside loopback may be asked."""
        return self.identity is not None


def admit(
    folder: SurveyFolder, config: SurveyConfig, engine: Engine, targets: Iterable[Target], outside: Outside
) -> Admission:
    """Check what a run must have before it asks anybody.

    Args:
        folder: The survey.
        config: Its configuration.
        engine: Its checks.
        targets: Those of the round; read only as far as needed.
        outside: The network.

    Raises:
        ConfigurationError: This machine does not have the address that it is to ask from.
        ConductError: The identity is not as it must be, or an authority cannot be read. Nothing was sent to a target.
    """
    _require_source(config, str(folder.path / CONFIGURATION))
    planned = survey_scope(config, folder.path)
    if not reaches_outside(targets, planned):
        return Admission(at_home(planned), None, NO_AUTHORITIES)
    verdict = require_identity(config, str(folder.path / CONFIGURATION), outside)
    authorities = checked_authorities(folder, config, engine, lambda: probe_settings(config, planned), outside)
    return Admission(planned, verdict, authorities)


def _require_source(config: SurveyConfig, where: str) -> None:
    source = config.survey.source
    if source and not can_ask_from(source):
        raise ConfigurationError(
            f"this machine has no address {source[:60]!r} to ask from.",
            where=f"{where}: survey.source",
            remedy="Name one of its addresses, or leave the key out.",
        )


def proving_settings(folder: SurveyFolder, config: SurveyConfig, host: str, outside: Outside) -> ProbeSettings:
    """How a host is asked for its proof by hand: like any target, so outside loopback the identity comes first.

    Raises:
        ConductError: The identity is not as it must be.
    """
    planned = survey_scope(config, folder.path)
    if is_loopback(named_host(host).host):
        return probe_settings(config, at_home(planned))
    require_identity(config, str(folder.path / CONFIGURATION), outside)
    return probe_settings(config, planned)


def log_admission(asking: Round, admission: Admission, level: Level) -> None:
    """Keep with the round what was found."""
    now_ns = time.time_ns()
    found = admission.identity
    if found is None:
        return
    asking.commit(
        IdentityChecked(
            found.digest,
            found.page_sha256,
            found.probing_sha256,
            found.addresses,
            found.waiver,
            found.expires,
            now_ns,
        )
    )
    if level is Level.ACTIVE:
        keep_authorities(asking, admission.authorities, now_ns)
