"""Scenarios are read strictly: each mistake names the file, the dotted key and what is wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ebbtide.lab.scenario import ScenarioError, builtin, builtin_names, load_scenario

WINTER = Path(__file__).parents[1] / "scenarios" / "winter-2003.yaml"


def change(tmp_path: Path, *steps: tuple[str, Any], file: Path = WINTER) -> Path:
    """Write the scenario with values replaced at places like ``holes/any-hole/rates/2003-01``."""
    document = yaml.load(file.read_text(), Loader=yaml.BaseLoader)  # noqa: S506  BaseLoader makes only strings
    for place, value in steps:
        *path, last = (int(step) if step.isdigit() else step for step in place.split("/"))
        parent = document
        for step in path:
            parent = parent[step]
        parent[last] = value
    target = tmp_path / "changed.yaml"
    target.write_text(yaml.dump(document, allow_unicode=True, sort_keys=False))
    return target


def error_of(file: Path) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert caught.value.file == file
    assert str(caught.value).startswith(f"{file}: ")
    return caught.value


def test_the_built_in_scenario_is_found_by_name() -> None:
    assert "code-red-2001" in builtin_names()
    assert load_scenario(builtin("code-red-2001")).name == "code-red-2001"


def test_an_unknown_name_tells_which_there_are() -> None:
    with pytest.raises(ScenarioError, match="code-red-2001"):
        builtin("../secret")


def test_every_assumption_covers_keys_that_are_there_and_has_a_text() -> None:
    document = yaml.load(builtin("code-red-2001").read_text(), Loader=yaml.BaseLoader)  # noqa: S506  only strings
    for assumption in document["assumptions"]:
        assert len(assumption["text"]) > 40
        for key in assumption["covers"]:
            place = document
            for step in key.split("."):
                place = place[step]


def test_a_language_called_no_is_a_language() -> None:
    assert "no" in load_scenario(WINTER).families["microsoft-iis"].languages


CASES = [
    ("months/2003-01/date", "2003-02-30", "months.2003-01.date", "no date"),
    ("months/2003-01/date", "2003-05-02", "months.2003-01.date", "date of 2003-05 too"),
    ("network/block", "10.0.0.0/16", "network.block", "inside 127.0.0.0/8"),
    ("network/block", "127.5.5.0/24", "network.block", "no room for 200 servers"),
    ("network/block", "nonsense", "network.block", "nonsense"),
    ("network/port", "70000", "network.port", "65535"),
    ("hosts/pattern", "www.{word}.example", "hosts.pattern", "{number}"),
    ("hosts/words/1", "S-", "hosts.words[1]", "no host name"),
    ("strata/north/families", {"elsewhere": 1}, "strata.north.families.elsewhere", "no family"),
    ("strata/north/share_of_names", "0.5", "strata.north.share_of_names", "beside a weight"),
    ("strata/north/weight", None, "strata.north.weight", "is missing"),
    ("families/cern/languages", {"en": 0}, "families.cern.languages", "above 0"),
    ("families/cern/names_per_address", {"0": 1}, "families.cern.names_per_address.0", "no number of names"),
    ("families/cern/pages/front", [], "families.cern.pages.front", "no text for servers of language en"),
    ("families/cern/pages/front/0/text", "gone", "families.cern.pages.front[0].text", "no text of this scenario"),
    ("families/cern/pages/front/0/language", "xx", "families.cern.pages.front[0].language", "no language"),
    ("families/cern/versions/0/banner", "a\nb", "families.cern.versions[0].banner", "printable ASCII"),
    ("families/microsoft-iis/versions/1/id", "5.1", "families.microsoft-iis.versions", "twice"),
    ("families/microsoft-iis/pages/admin", [], "families.microsoft-iis.pages.admin", "no text"),
    ("families/microsoft-iis/roots", {"/var/www": 1}, "families.microsoft-iis.roots./var/www", "no directory"),
    ("holes/admin-pages/rates/2003-01", "1.5", "holes.admin-pages.rates.2003-01", "<= 1.0"),
    ("holes/admin-pages/rates/2001-01", "0.5", "holes.admin-pages.rates.2001-01", "no month"),
    ("holes/server-path/rates/2003-01", "0.6", "holes.server-path.rates.2003-01", "exceeds"),
    ("holes/new-hole", {"rates": {}}, "holes.new-hole", "unknown field"),
    ("upgrades/2003-02/0/to", "7.0", "upgrades.2003-02[0].to", "no version"),
    ("leavers/2003-05/0/silent", "0.1", "leavers.2003-05[0]", "add up to 1"),
    ("leavers/2003-05/0/competitors", {"microsoft-iis": 1}, "leavers.2003-05[0].competitors.microsoft-iis", "itself"),
    ("absences/2003-05/0/family", "nobody", "absences.2003-05[0].family", "no family"),
    ("absences/2003-01/0/silent", "0.99", "absences.2003-01[0]", "exceed 1"),
    ("oddities/masked/shares", {"x": 1}, "oddities.masked.shares.x", "no family"),
    ("oddities/masked/banners/1/value", "Apache/2.0", "oddities.masked.banners[1].value", "names a product"),
    ("oddities/drops_first/accept", "-1", "oddities.drops_first.accept", ">= 0"),
    ("assumptions/0/sets/value", "é", "assumptions[0].sets.value", "ASCII"),
    ("assumptions/1/id", "mark", "assumptions", "twice"),
    ("assumptions", [], "assumptions", "patch_mark"),
    ("texts/hem/charset", "utf-16", "texts.hem.charset", "does not contain ASCII"),
    ("texts/hem/charset", "klingon", "texts.hem.charset", "no charset"),
    ("texts/hem/charset", "base64", "texts.hem.charset", "no charset"),
    ("texts/net/charset", "iso-8859-1", "texts.net.body", "cannot be written in iso-8859-1"),
    ("texts/hem/fields", {"Server": "x"}, "texts.hem.fields.Server", "the lab itself"),
    ("texts/hem/status", "204", "texts.hem.status", "no body"),
    ("texts/idq-no/body", "idq {patch_mark}", "texts.idq-no.body", "lacks {file}"),
    ("texts/idq-no/body", "idq {file}", "texts.idq-no.body", "lacks {patch_mark}"),
    ("format", "2", "format", "<= 1"),
    ("extra", "1", "extra", "unknown field"),
]


@pytest.mark.parametrize(("place", "value", "key", "sentence"), CASES)
def test_a_mistake_names_file_key_and_reason(tmp_path: Path, place: str, value: Any, key: str, sentence: str) -> None:
    error = error_of(change(tmp_path, (place, value)))
    assert error.key == key
    assert sentence in error.sentence


def test_the_unchanged_scenario_survives_being_written_again(tmp_path: Path) -> None:
    assert load_scenario(change(tmp_path)).families == load_scenario(WINTER).families


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"a: [", "is no YAML"),
        (b"a: 1\na: 2\n", "line 2: stands there twice"),
        (b"? [a]\n: 1\n", "a key must be plain text"),
        (b"a: !!python/object:os.system x\n", "is not admitted"),
        (b"[1, 2]", "Expected `object`"),
        (b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
            b"%c: &%c [%b]\n" % (n + 1, n + 1, b", ".join([b"*%c" % n] * 9)) for n in range(ord("a"), ord("h"))
        ), "values or nests too deeply"),
        (b"a: " + b"[" * 3000, "is no YAML"),
        (b"a: &a [*a]\n", "values or nests too deeply"),
    ],
)  # fmt: skip
def test_what_is_no_scenario_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "broken.yaml"
    file.write_bytes(content)
    assert sentence in error_of(file).sentence


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "No such file" in error_of(tmp_path / "absent.yaml").sentence


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text("format: 1\nname: x\n")
    assert error_of(file).key == "months"


@pytest.mark.parametrize(
    ("place", "value", "key"),
    [
        ("families/cern/versions/0/banner", "CERN/3.0A\n", "families.cern.versions[0].banner"),
        ("texts/borta/reason", "Borta\r\n", "texts.borta.reason"),
        ("texts/borta/content_type", "text/html\n", "texts.borta.content_type"),
        ("texts/borta/fields", {"X-One": "a\n"}, "texts.borta.fields.X-One"),
        ("texts/borta/fields", {"Content-Encoding": "gzip"}, "texts.borta.fields.Content-Encoding"),
        ("texts/borta/charset", "idna", "texts.borta.charset"),
        ("texts/borta/charset", "hz", "texts.borta.charset"),
        ("hosts/pattern", "www.{number}", "hosts.pattern"),
        ("hosts/pattern", "1.2.3.{number}", "hosts.pattern"),
    ],
)
def test_what_would_break_a_reply_or_a_frame_is_refused(place: str, value: Any, key: str, tmp_path: Path) -> None:
    error = error_of(change(tmp_path, (place, value)))
    assert error.key == key
    assert "\n" not in str(error)


def test_a_shape_that_does_not_fit_is_told_in_words(tmp_path: Path) -> None:
    error = error_of(change(tmp_path, ("texts/borta/reason", "Försvunnen")))
    assert error.sentence == "must be printable ASCII, at most 100 characters"
    error = error_of(change(tmp_path, ("months", {"2003/01": {"date": "2003-01-01"}})))
    assert error.key == "months"
    assert "$" not in error.sentence


def test_a_fraction_needs_no_leading_zero_and_quoted_text_stays(tmp_path: Path) -> None:
    file = tmp_path / "bare.yaml"
    file.write_text(
        WINTER.read_text().replace("share: 0.2,", "share: .2,").replace("text: A mended filter says so.", 'text: ".5"')
    )
    scenario = load_scenario(file)
    assert scenario.leavers["2003-02"][0].share == 0.2
    assert scenario.assumptions[0].text == ".5"
