"""Which family a survey gives each server of a scenario, held against the ids that the scenario gives them."""

from collections.abc import Mapping
from pathlib import Path

from ebbtide.judge.software.banners import read_banner
from ebbtide.judge.software.identification import own_identifier
from ebbtide.judge.software.slugs import slug
from ebbtide.lab.scenario import Scenario
from ebbtide.lab.scenario_records import BASE_FAMILY
from ebbtide.model.errors import ConfigurationError
from ebbtide.model.verdicts import UNKNOWN_FAMILY


def observable_families(scenario: Scenario) -> Mapping[tuple[str, str], str]:
    """Family and version to the family that a survey gives their banner.

    An id is the survey's own, or the banner's first product in small letters where the survey knows that make by
    another id. Anything else would make the truth wrong, and is refused.

    Raises:
        ConfigurationError: An id is neither, or a banner names nothing, or a mask names something.
    """
    families: dict[tuple[str, str], str] = {}
    for family_id, family in scenario.families.items():
        for index, version in enumerate(family.versions):
            told = own_identifier().family_of_banner(version.banner.encode("ascii"))
            if told != family_id and (
                told in {UNKNOWN_FAMILY, BASE_FAMILY} or family_id != _first_product(version.banner)
            ):
                raise _error(
                    scenario.file,
                    f"families.{family_id}.versions[{index}].banner",
                    f"a survey reads {version.banner!r} as the family {told}, not as {family_id}",
                )
            families[family_id, version.id] = told
    _check_masks(scenario)
    return families


def _first_product(banner: str) -> str:
    first = read_banner(banner.encode("ascii")).first
    return slug(first.name) if first else ""


def _check_masks(scenario: Scenario) -> None:
    masked = scenario.oddities.masked
    if not any(masked.shares.values()):
        return
    for index, banner in enumerate(masked.banners):
        told = own_identifier().family_of_banner((banner.value or "").encode("ascii"))
        if told != UNKNOWN_FAMILY:
            raise _error(
                scenario.file,
                f"oddities.masked.banners[{index}].value",
                f"a survey reads {banner.value!r} as the family {told}, and a mask must name none",
            )


def _error(file: Path, key: str, sentence: str) -> ConfigurationError:
    return ConfigurationError(f"{file}: {key}: {sentence}.")
