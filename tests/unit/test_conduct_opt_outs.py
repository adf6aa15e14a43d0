"""Opt-outs written down, and held against the frame."""

from datetime import date
from pathlib import Path

import pytest

from ebbtide.conduct.opt_out_audit import AuditedOptOut, OptOutAudit
from ebbtide.conduct.opt_outs import OptOut, read_opt_outs, with_opt_out

DAY = date(2026, 5, 1)
NEW = OptOut("www.example.org", date(2027, 1, 31), 'asked, "twice"', "A. Body", proof="mail of\n2026-05-01")


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# a remark\n",
        "what,expires,reason,who,proof\n",
        "what,expires,reason,who\n192.0.2.0/24,2027-01-31\n",
        "\ufeff# kept\nwho,what\nB,192.0.2.7",
    ],
)
def test_a_line_more_leaves_all_others_as_they_were(tmp_path: Path, before: str) -> None:
    path = tmp_path / "opt-outs.csv"
    path.write_text(before, encoding="utf-8")
    earlier = [(each.what, each.who, each.expires) for each in read_opt_outs(path)]
    path.write_text(with_opt_out(before, NEW), encoding="utf-8")
    *others, last = read_opt_outs(path)
    assert [(each.what, each.who, each.expires) for each in others] == earlier
    assert (last.what, last.expires, last.reason, last.who) == (NEW.what, NEW.expires, NEW.reason, NEW.who)
    assert last.proof == "mail of 2026-05-01"
    assert ("# " in before) == ("# " in path.read_text(encoding="utf-8"))


def audited(*opt_outs: OptOut, frame: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> tuple[AuditedOptOut, ...]:
    audit = OptOutAudit(opt_outs, DAY)
    for host, addresses in frame:
        audit.note(host, addresses)
    return audit.results()


def test_each_line_tells_how_much_of_the_frame_it_closes() -> None:
    frame = (
        ("www.example.org", ("192.0.2.7",)),
        ("example.org", ()),
        ("other.example", ("192.0.2.8",)),
        ("198.51.100.1", ("198.51.100.1",)),
    )
    opt_outs = (OptOut(".example.org"), OptOut("192.0.2.0/24"), OptOut("198.51.100.1"), OptOut("gone.example"))
    assert [each.targets for each in audited(*opt_outs, frame=frame)] == [2, 2, 1, 0]


def test_what_has_expired_closes_nothing_and_covers_nothing() -> None:
    ended, in_force = audited(
        OptOut(".example.org", date(2026, 4, 30)), OptOut("www.example.org"), frame=(("www.example.org", ()),)
    )
    assert (ended.is_in_force, ended.targets) == (False, 0)
    assert (in_force.is_in_force, in_force.targets, in_force.shadowed_by) == (True, 1, "")


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("www.example.org", ".example.org"),
        ("example.org", ".example.org"),
        (".www.example.org", ".example.org"),
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8::/48", "2001:db8::/32"),
    ],
)
def test_a_line_that_another_covers_for_as_long_is_shadowed(narrow: str, wide: str) -> None:
    assert [each.shadowed_by for each in audited(OptOut(narrow), OptOut(wide))] == [wide, ""]
    assert [each.shadowed_by for each in audited(OptOut(narrow), OptOut(wide, DAY))] == ["", ""]
    assert [each.shadowed_by for each in audited(OptOut(narrow, DAY), OptOut(wide))] == [wide, ""]


@pytest.mark.parametrize(("one", "other"), [(".www.example.org", "www.example.org"), ("192.0.2.0/24", "192.0.2.0/25")])
def test_a_wider_line_is_not_shadowed_by_a_narrower_one(one: str, other: str) -> None:
    assert audited(OptOut(one), OptOut(other))[0].shadowed_by == ""


def test_of_two_equal_lines_the_first_one_stands() -> None:
    lines = (OptOut("a.example"), OptOut("a.example"))
    assert [each.shadowed_by for each in audited(*lines)] == ["", "a.example"]
