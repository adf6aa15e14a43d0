import datetime as dt
from pathlib import Path

import pytest

from ebbtide.conduct.opt_outs import OptOut, read_opt_outs
from ebbtide.model.errors import ConductError


def write(folder: Path, text: str) -> Path:
    path = folder / "opt-out.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_are_read_with_their_expiry_reason_and_author(tmp_path: Path) -> None:
    path = write(
        tmp_path, "what,expires,reason,who\n# a remark\n.bank.test,2027-01-31,asked by mail,owner\n127.1.1.1\n\n"
    )
    assert read_opt_outs(path) == (
        OptOut(".bank.test", dt.date(2027, 1, 31), "asked by mail", "owner"),
        OptOut("127.1.1.1", None, "", ""),
    )


@pytest.mark.parametrize("line", ["a.test,soon", ",2027-01-01", "a.test,2027-01-01,why,who,more", 'a.test,"2027'])
def test_a_line_that_cannot_be_read_stops_with_file_and_line(line: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"what,expires,reason,who\n{line}\n")
    with pytest.raises(ConductError, match=r"opt-out\.csv:2"):
        read_opt_outs(path)


def test_a_missing_file_stops_the_survey(tmp_path: Path) -> None:
    with pytest.raises(ConductError, match=r"none\.csv"):
        read_opt_outs(tmp_path / "none.csv")
