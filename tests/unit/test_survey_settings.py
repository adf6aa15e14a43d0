from pathlib import Path

import pytest

from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import ConfigurationError, SurveyFolderError
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey

MISTAKES = {
    "an unknown key": ("[limits]\nin_fligth = 3\n", "survey.toml: limits.in_fligth: there is no such key."),
    "an unknown section": ("[limit]\nin_flight = 3\n", "survey.toml: limit: there is no such key."),
    "a wrong type": ('[limits]\nin_flight = "many"\n', "survey.toml: limits.in_flight: expected int, got str."),
    "a number that is too small": ("[limits]\nin_flight = 0\n", "survey.toml: limits.in_flight: expected int >= 1."),
    "a bad port": ("[frame]\nport = 70000\n", "survey.toml: frame.port: expected int <= 65535."),
    "a name server that is a name": (
        '[names]\nsecond_nameservers = ["192.0.2.1", "dns.example"]\n',
        "survey.toml: names.second_nameservers[1]: 'dns.example' is no address of a name server.",
    ),
    "a bad level": ('[plan]\nlevel = "hostile"\n', "survey.toml: plan.level: invalid enum value 'hostile'."),
    "a source without a path": ("[[frame.source]]\nstratum = 'a'\n", "frame.source[0].path: this key is missing."),
    "a table where a list belongs": ("[frame.source]\npath = 'a'\n", "frame.source: expected array, got table."),
    "a date that is none": (
        '[round."2001-07"]\ndate = "July"\n',
        "survey.toml: round[...].date: expected str matching",
    ),
    "an event on no day": (
        "[[event]]\nid = 'worm'\ndate = '2001-13-45'\n",
        "survey.toml: event[0].date: 2001-13-45 is no day of the calendar.",
    ),
    "a day without quotation marks": (
        "[[event]]\nid = 'worm'\ndate = 2001-07-19\n",
        "survey.toml: event[0].date: expected str, got date. Put the day in quotation marks.",
    ),
    "two events of one name": (
        "[[event]]\nid = 'worm'\ndate = '2001-07-19'\n" * 2,
        "survey.toml: event[1].id: two events are worm.",
    ),
    "a control that was touched": (
        "[[event]]\nid = 'worm'\ndate = '2001-07-19'\nfamilies = ['apache']\ncontrol = 'apache'\n",
        "survey.toml: event[0].control: apache is the control and among the families",
    ),
    "broken TOML": ("[limits\n", "survey.toml: this is no TOML:"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_file_and_dotted_key(name: str, tmp_path: Path) -> None:
    text, told = MISTAKES[name]
    (tmp_path / "survey.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_config(tmp_path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "`" not in str(caught.value)


def test_a_file_that_is_not_utf_8_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "survey.toml").write_bytes(b'[survey]\nname = "\xff"\n')
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_config(tmp_path)


def test_a_missing_file_comes_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ebbtide survey init"):
        load_config(tmp_path)


def test_a_new_survey_has_a_configuration_that_loads_and_stands_at_the_defaults(tmp_path: Path) -> None:
    init_survey(tmp_path / "s", 'A "quoted" \\ näme\n\x7f')
    config = load_config(tmp_path / "s")
    assert config.survey.name == 'A "quoted" \\ näme\n\x7f'
    assert [source.path for source in config.frame.source] == ["hosts.txt"]
    assert (config.limits, config.plan, config.attempts) == (
        SurveyConfig().limits,
        SurveyConfig().plan,
        SurveyConfig().attempts,
    )


def test_every_setting_is_explained_in_a_new_configuration_at_its_true_default(tmp_path: Path) -> None:
    init_survey(tmp_path / "s", "x")
    text = (tmp_path / "s" / "survey.toml").read_text(encoding="utf-8")
    defaults = SurveyConfig()
    for section in ("names", "limits", "clocks", "caps", "plan", "attempts", "pressure"):
        record = getattr(defaults, section)
        lines = text.split(f"\n[{section}]\n")[1].split("\n[")[0].splitlines()
        for key in record.__struct_fields__:
            told = [line for line in lines if line.startswith(f"# {key} = ")]
            assert len(told) == 1, key
            value = told[0].split(" = ", 1)[1].split("  ")[0].strip().strip('"')
            default = getattr(record, key)
            if not isinstance(default, tuple):  # a list shows an example
                assert value == (str(default).lower() if isinstance(default, bool) else str(default)), key


def test_a_survey_is_not_made_over_another(tmp_path: Path) -> None:
    init_survey(tmp_path / "s", "x")
    with pytest.raises(SurveyFolderError, match="already"):
        init_survey(tmp_path / "s", "y")
    assert load_config(tmp_path / "s").survey.name == "x"
