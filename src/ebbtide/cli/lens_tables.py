"""The survey's own tables of addresses, as facts are divided by them."""

from pathlib import Path

from ebbtide.estimate.lenses import AddressTables
from ebbtide.model.configuration import SurveyConfig
from ebbtide.survey.conduct import survey_countries, survey_operators


def address_tables(config: SurveyConfig, folder: Path) -> AddressTables:
    """Operators and countries, where survey.toml names a table of them.

    Raises:
        ConductError: A table cannot be used.
    """
    operators, countries = survey_operators(config, folder), survey_countries(config, folder)
    return AddressTables(
        operator=operators.operator_of if operators else None, country=countries.name_of if countries else None
    )
