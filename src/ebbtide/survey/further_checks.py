"""Checks that the configuration of a survey does not name, taken in for one judgement or one question."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ebbtide.judge.checks.catalogue import list_checks
from ebbtide.judge.checks.packs import pack_ids
from ebbtide.model.configuration import ChecksSection, SurveyConfig
from ebbtide.model.errors import CheckError


def with_checks(config: SurveyConfig, named: Sequence[str]) -> SurveyConfig:
    """A configuration that judges with more than its own checks.

    Args:
        config: Of the survey.
        named: Ids of packs that come with Ebbtide, and files or folders of templates.

    Raises:
        CheckError: Something is neither.
    """
    packs, templates = list(config.checks.packs), list(config.checks.templates)
    for name in named:
        if name in pack_ids():
            packs.append(name)
        elif Path(name).exists():
            templates.append(str(Path(name).absolute()))
        else:
            raise CheckError(
                f"there is no pack and no file {name[:80]!r}.",
                where="--checks",
                remedy=f"Name a template, a folder of them, or one of the packs {', '.join(pack_ids())}.",
            )
    return _judging_with(config, packs=tuple(dict.fromkeys(packs)), templates=tuple(dict.fromkeys(templates)))


def with_check_alone(config: SurveyConfig, folder: Path, named: str) -> tuple[SurveyConfig, str]:
    """A configuration that judges with one check and what that builds on.

    Args:
        config: Of the survey.
        folder: The survey's, from which its templates are taken.
        named: Id of a check of the survey or of a pack that comes with Ebbtide, or a file with a template.

    Returns:
        The configuration, and the id.

    Raises:
        CheckError: There is no such check, or it is not run.
    """
    if named in {check.id for check in list_checks(config.checks, folder)}:
        return _judging_with(config, only=(named,)), named
    if Path(named).is_file():
        template = _judging_with(config, packs=(), templates=(str(Path(named).absolute()),), parameters={}, only=())
        (check,) = list_checks(template.checks, folder)
        return template, check.id
    for pack in pack_ids():
        if named in {check.id for check in list_checks(ChecksSection(packs=(pack,)), folder)}:
            return _judging_with(config, packs=(pack,), templates=(), parameters={}, only=(named,)), named
    raise CheckError(
        f"there is no check and no file {named[:80]!r}.",
        where="CHECK",
        remedy="ebbtide checks list names the checks; or name a file with a template.",
    )


def _judging_with(config: SurveyConfig, **settings: object) -> SurveyConfig:
    changed: SurveyConfig = msgspec.structs.replace(config, checks=msgspec.structs.replace(config.checks, **settings))
    return changed
