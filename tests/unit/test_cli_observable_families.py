"""Ids of families in a scenario are those that a survey gives, or the scenario is refused and nothing is written."""

import json
from pathlib import Path

import pytest

from ebbtide.cli.demonstration import DemoOrder, run_demo
from ebbtide.cli.laboratory import scenario_world, write_truth
from ebbtide.model.errors import ConfigurationError

SMALLEST = """
format: 1
name: smallest
months: {{a: {{date: 2002-01-15}}}}
strata: {{all: {{servers: 2, families: {{{family}: 1}}}}}}
families:
  {family}:
    versions: [{{id: "1", banner: "{banner}"}}]
    pages: {{front: [{{text: hello}}], not_found: [{{text: hello}}]}}
texts: {{hello: {{}}}}
oddities: {{masked: {{shares: {{"*": {masked}}}, banners: [{{value: "{mask}"}}]}}}}
"""


def written(path: Path, family: str, banner: str, mask: str = "-", masked: float = 0.5) -> Path:
    path.write_text(SMALLEST.format(family=family, banner=banner, mask=mask, masked=masked))
    return path


@pytest.mark.parametrize(
    ("family", "banner", "mask", "key"),
    [
        ("thttpd", "Apache/1.3", "-", "families.thttpd.versions[0].banner"),
        ("iis", "Microsoft-IIS/5.0", "-", "families.iis.versions[0].banner"),
        ("secured", "Secured", "-", "families.secured.versions[0].banner"),
        ("blank", "   ", "-", "families.blank.versions[0].banner"),
        ("thttpd", "thttpd/2.20", "ACME", "oddities.masked.banners[0].value"),
        ("thttpd", "thttpd/2.20", "Apache", "oddities.masked.banners[0].value"),
    ],
)
def test_a_family_that_no_survey_would_find_is_refused_and_nothing_is_written(
    family: str, banner: str, mask: str, key: str, tmp_path: Path
) -> None:
    file = written(tmp_path / "world.yaml", family, banner, mask)
    order = DemoOrder(out=tmp_path / "out", scenario=str(file), seed=1, scale=1, port=None, quiet=True)
    with pytest.raises(ConfigurationError) as caught:
        run_demo(order)
    assert f"world.yaml: {key}: a survey reads" in caught.value.what
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("family", "banner", "told"),
    [
        ("websitepro", "WebSitePro/2.5.4", "website"),
        ("website", "WebSitePro/2.5.4", "website"),
        ("tux", "TUX/2.0", "tux"),
    ],
)
def test_a_make_that_the_survey_knows_by_another_id_is_told_by_the_surveys(
    family: str, banner: str, told: str, tmp_path: Path
) -> None:
    world = scenario_world(str(written(tmp_path / "world.yaml", family, banner)), 1, 1)
    rows = [
        json.loads(line) for line in (write_truth(world, tmp_path / "truth", 1) / "a.jsonl").read_text().splitlines()
    ]
    assert sorted((row["family_actual"], row["family"]) for row in rows) == sorted(
        [(family, told), (family, "unknown")]
    )


def test_a_scenario_file_needs_no_ending(tmp_path: Path) -> None:
    file = written(tmp_path / "world.scenario", "tux", "TUX/2.0")
    assert scenario_world(str(file), 1, 1).months == ("a",)
