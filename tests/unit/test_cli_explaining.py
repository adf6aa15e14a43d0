"""What the page of a survey says of robots.txt."""

from pathlib import Path

import pytest

from ebbtide.cli.explaining import write_site
from ebbtide.model.configuration import Identity, PlanSection, SurveyConfig
from ebbtide.model.targets import Level

IDENTITY = Identity("Example University", "https://survey.example.org/", "survey@example.org", "To learn.")


@pytest.mark.parametrize(
    ("plan", "is_told"),
    [
        (PlanSection(level=Level.ACTIVE, robots=True), True),
        (PlanSection(level=Level.ACTIVE), False),
        (PlanSection(robots=True), False),
    ],
)
def test_it_promises_to_heed_robots_txt_only_where_the_survey_does(
    tmp_path: Path, plan: PlanSection, *, is_told: bool
) -> None:
    page = write_site(SurveyConfig(identity=IDENTITY, plan=plan), tmp_path, 30)[0].read_text(encoding="utf-8")
    assert ("/robots.txt" in page) is is_told
    assert "Example University" in page
