"""Who answers for whom: the longest match, cells by organisation and sector, gaps, and what may be published."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import ebbtide
from ebbtide.conduct.constituency import HEADER, read_constituency
from ebbtide.estimate.constituents import Cell, by_constituent
from ebbtide.model.errors import ConductError, EstimateError
from ebbtide.publish.constituents import withheld
from ebbtide.rounds.folder import SurveyFolder
from estimate_rounds import IDA, IIS, JULY, Seen, build_round, survey_at

TABLE = """match,organisation,sector,contact
# a comment
town.example,Town,government,cert@town.example
schools.town.example,School board,education,
*.shop.example,Shop,trade,
127.40.0.0/16,Hoster,hosting,
127.40.9.0/24,Tenant,hosting,
::1/128,Six,hosting,
absent.example,Nobody there,trade,
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "members.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("host", "address", "organisation"),
    [
        ("town.example", "127.40.0.1", "Town"),
        ("www.town.example", "", "Town"),
        ("a.schools.town.example", "127.40.0.1", "School board"),
        ("hometown.example", "", None),
        ("www.shop.example", "", "Shop"),
        ("other.example", "127.40.1.1", "Hoster"),
        ("other.example", "127.40.9.1", "Tenant"),
        ("127.40.9.7", "", "Tenant"),
        ("other.example", "::1", "Six"),
        ("other.example", "::ffff:127.40.9.1", "Tenant"),
        ("other.example", "127.9.9.9", None),
        ("", "", None),
    ],
)
def test_the_longest_match_wins_and_a_name_before_an_address(
    table: Path, host: str, address: str, organisation: str | None
) -> None:
    found = read_constituency(table).member(host, address)
    assert (found.organisation if found else None) == organisation


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("", 1, "has no header"),
        ("a,b\n", 1, "has no header"),
        (f"{','.join(HEADER)}\nx.example\n", 2, "not a match and an organisation"),
        (f"{','.join(HEADER)}\nx.example,,a,b\n", 2, "not a match and an organisation"),
        (f"{','.join(HEADER)}\na b,X,s,\n", 2, "neither a domain nor a prefix"),
        (f"{','.join(HEADER)}\n10.0.0.1/8,X,s,\n", 2, "neither a domain nor a prefix"),
        (f"{','.join(HEADER)}\nx.example,X,s,\nX.example,Y,s,\n", 3, "stands there twice"),
        (f"{','.join(HEADER)}\n10.0.0.0/8,X,s,\n10.0.0.0/8,Y,s,\n", 3, "stands there twice"),
    ],
)
def test_a_broken_table_is_told_with_its_line(tmp_path: Path, text: str, line: int, sentence: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConductError, match=sentence) as mistake:
        read_constituency(path)
    assert mistake.value.where == f"{path}:{line}"


@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: f"{','.join(HEADER)}\n{text}".encode()))
def test_garbage_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "t.csv"
    path.write_bytes(data)
    where = str(path)
    try:
        read_constituency(path).member("a.example", "127.0.0.1")
    except ConductError as mistake:
        where = mistake.where
    assert where.startswith(str(path))


@pytest.fixture
def survey(tmp_path: Path) -> SurveyFolder:
    folder = survey_at(tmp_path)
    seen = [
        Seen(f"w{place}.town.example", f"127.41.0.{place + 1}", IIS, {IDA: "shown"} if place < 4 else {})
        for place in range(20)
    ]
    seen += [
        Seen(f"p{place}.example", f"127.40.9.{place + 1}", IIS, {IDA: "shown"} if place < 2 else {})
        for place in range(12)
    ]
    seen += [Seen(f"q{place}.example", f"127.40.0.{place + 1}", "silent") for place in range(3)]
    seen += [
        Seen(f"s{place}.shop.example", f"127.41.1.{place + 1}", IIS, {IDA: "shown"} if place < 9 else {})
        for place in range(30)
    ]
    seen += [Seen("stray.example", "127.99.0.1", "apache")]
    build_round(folder, JULY, seen)
    (folder.path / "survey.toml").write_text('[survey]\nname = "Members"\n', encoding="utf-8")
    return folder


def test_every_site_is_counted_once_by_its_organisation(survey: SurveyFolder, table: Path) -> None:
    found = by_constituent(survey, JULY, read_constituency(table))
    cells = {cell.name: cell for cell in found.cells}
    assert (found.sites, found.named, found.unnamed) == (66, 65, ("stray.example",))
    assert {name: (cell.sites, cell.shown, cell.base, cell.unanswered) for name, cell in cells.items()} == {
        "": (1, 0, 0, 0),
        "Town": (20, 4, 20, 0),
        "Tenant": (12, 2, 12, 0),
        "Hoster": (3, 0, 0, 3),
        "Shop": (30, 9, 30, 0),
    }
    assert [entry.organisation for entry in found.idle] == ["School board", "Nobody there", "Six"]
    sectors = by_constituent(survey, JULY, read_constituency(table), by="sector")
    assert {cell.name: cell.sites for cell in sectors.cells} == {"": 1, "government": 20, "hosting": 15, "trade": 30}
    for checks, by, sentence in ((("odd",), "sector", "by a check 'odd'"), ((), "planet", "no way to divide")):
        with pytest.raises(EstimateError, match=sentence):
            by_constituent(survey, JULY, read_constituency(table), by=by, checks=checks)


def cell(name: str, shown: int, base: int) -> Cell:
    return Cell(name, IDA, base, shown, base, 0, 0, 0, shown / base if base else None, None)


CELLS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8)


@given(CELLS)
def test_no_sum_gives_a_withheld_cell_back(sizes: list[tuple[int, int]]) -> None:
    cells = [cell(str(place), shown, shown + others) for place, (shown, others) in enumerate(sizes)]
    hidden = [each for each in cells if (each.name, each.check) in withheld(cells)]
    told = [each for each in cells if each.base and each not in hidden]
    assert all(each.base >= 10 and each.shown >= 3 and each.base - each.shown >= 3 for each in told)
    if hidden and told:
        shown, base = sum(each.shown for each in hidden), sum(each.base for each in hidden)
        assert len(hidden) > 1
        assert base >= 10
        assert shown >= 3
        assert base - shown >= 3


def test_the_command_withholds_sectors_and_tells_organisations_all(survey: SurveyFolder, table: Path) -> None:
    told = ebbtide("constituency", table, "--survey", survey.path)
    assert told.returncode == 0
    assert "65 of 66 sites of 2001-07 belong to somebody in the table." in told.stdout
    assert "absent.example (Nobody there)" in told.stdout
    found = ebbtide("constituency", table, "--by-sector", "--survey", survey.path, "--json").document()
    cells = {each["name"]: each for each in found["cells"]}
    assert (cells["hosting"]["suppressed"], cells["hosting"]["shown"]) == (True, None)
    assert sum(each["suppressed"] for each in cells.values()) == 2
    assert (found["unnamed"], found["idle"]) == ([], [])
    assert "withheld" in ebbtide("constituency", table, "--by-sector", "--survey", survey.path).stdout
    missing = ebbtide("constituency", table.with_name("none.csv"), "--survey", survey.path)
    assert (missing.returncode, "cannot be read" in missing.stderr) == (2, True)
