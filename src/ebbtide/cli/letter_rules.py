"""Which letters a scenario may play: as in a survey, nobody waits for a letter about a hole of high severity."""

from pathlib import Path

from ebbtide.judge.checks.catalogue import list_checks
from ebbtide.lab.scenario import Scenario
from ebbtide.lab.scenario_events import Letters
from ebbtide.model.configuration import ChecksSection
from ebbtide.model.errors import ConfigurationError

TOO_SEVERE = frozenset({"high", "critical"})


def check_letters(scenario: Scenario, checks: ChecksSection) -> None:
    """Refuse letters that let somebody wait where nobody may.

    Raises:
        ConfigurationError: A check that they are about is of high severity.
    """
    about = [
        (f"events[{place}].mends[{number}].check", mending.check)
        for place, event in enumerate(scenario.events)
        if isinstance(event, Letters)
        for number, mending in enumerate(event.mends)
    ]
    if not about:
        return
    severities = {check.id: check.severity for check in list_checks(checks, Path())}
    for key, check in about:
        if severities.get(check) in TOO_SEVERE:
            raise ConfigurationError(
                f"{scenario.file}: {key}: {check} is of {severities[check]} severity, and nobody may wait for a letter "
                "about that.",
                remedy="Name a check of medium or low severity.",
            )
