"""Who allows the active level: read before a run, kept with the round."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ebbtide.conduct.authority import NO_AUTHORITIES, Authorities, Authority, make_authorities
from ebbtide.conduct.authority_files import read_authorities
from ebbtide.judge.engine import Engine
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.targets import Level
from ebbtide.probe.settings import ProbeSettings
from ebbtide.rounds.durable import make_folder, write_file
from ebbtide.rounds.entries import AuthoritiesKept
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.round import Round
from ebbtide.survey.digests import digest
from ebbtide.survey.outside import Outside
from ebbtide.survey.proving import proof_authorities, recorded_authorities


def checked_authorities(
    folder: SurveyFolder, config: SurveyConfig, engine: Engine, settings: Callable[[], ProbeSettings], outside: Outside
) -> Authorities:
    """The authorities of a run: files as they stand, proofs as they are published now.

    Raises:
        ConductError: A file of a consent or a mandate cannot be used.
    """
    if config.plan.level is not Level.ACTIVE:
        return NO_AUTHORITIES
    return _together(folder, config, engine, proof_authorities(folder, settings, outside))


def recorded(folder: SurveyFolder, config: SurveyConfig, engine: Engine) -> Authorities:
    """The authorities as they are on record; no packet is sent.

    Raises:
        ConductError: A file of a consent or a mandate cannot be used.
    """
    if config.plan.level is not Level.ACTIVE:
        return NO_AUTHORITIES
    return _together(folder, config, engine, recorded_authorities(folder))


def keep_authorities(asking: Round, authorities: Authorities, at_ns: int) -> None:
    """Put all that is on record beside the round's log, and say in the log what holds today.

    Together with the table of targets this tells for each of them who allowed what.
    """
    name = digest(authorities.known)
    path = f"authorities/{name}.json"
    make_folder(asking.path / "authorities")
    if not (asking.path / path).exists():
        write_file(asking.path / path, msgspec.json.format(msgspec.json.encode(authorities.known), indent=1) + b"\n")
    lapsed = authorities.refusals(datetime.now(UTC).date())
    holding = tuple(each.name for each in authorities.known if each.name not in lapsed)
    asking.commit(AuthoritiesKept(name, path, holding, lapsed, at_ns))


def kept_authorities(path: Path) -> tuple[Authority, ...]:
    """Read what ``keep_authorities`` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=tuple[Authority, ...])


def _together(folder: SurveyFolder, config: SurveyConfig, engine: Engine, proofs: Iterable[Authority]) -> Authorities:
    active = (check.id for check in engine.manifest.checks if check.level is Level.ACTIVE)
    return make_authorities((*proofs, *read_authorities(config.authority, folder.path)), active)
