from itertools import product

import pytest

from ebbtide.model.targets import Level
from ebbtide.model.verdicts import (
    Assessment,
    CannotTell,
    CannotTellReason,
    CheckInfo,
    CheckVerdict,
    Evidence,
    NotAsked,
    NotAskedReason,
    NotShown,
    Shown,
    Software,
    Verdict,
)
from ebbtide.survey.judged_rows import implied_verdict, software_rows, verdict_rows

GATED = CheckInfo("gated", "v", "Gated", Level.PASSIVE, "low", ("microsoft-iis",), "", ())
OPEN = CheckInfo("open", "v", "Open", Level.PASSIVE, "low", (), "", ())
VERDICTS: tuple[Verdict, ...] = (
    Shown((Evidence(2, "body", "C:\\", "path"), Evidence(3, "body", "D:\\"))),
    NotShown(),
    *(CannotTell(reason) for reason in CannotTellReason),
    *(NotAsked(reason) for reason in NotAskedReason),
)


def assessment(family: str, verdict: Verdict, software: tuple[Software, ...] = (), version: str = "") -> Assessment:
    verdicts = (CheckVerdict("gated", verdict), CheckVerdict("open", verdict))
    return Assessment(b"t" * 16, 7, family, version, software, verdicts)


@pytest.mark.parametrize(
    ("verdict", "family", "answered"),
    list(product(VERDICTS, ["microsoft-iis", "apache", "unknown", ""], [True, False])),
)
def test_a_stored_row_and_what_a_missing_row_implies_give_back_every_verdict(
    verdict: Verdict,
    family: str,
    answered: bool,  # noqa: FBT001  # a parameter of the table above
) -> None:
    rows = {row.check: row for row in verdict_rows(assessment(family, verdict), (GATED, OPEN), is_answered=answered)}
    for check in (GATED, OPEN):
        row = rows.get(check.id)
        if row is None:
            assert implied_verdict(family, check.families, is_answered=answered) == verdict
        else:
            assert (row.kind, row.reason) == (
                {Shown: "shown", NotShown: "not_shown", CannotTell: "cannot_tell", NotAsked: "not_asked"}[
                    type(verdict)
                ],
                getattr(verdict, "reason", ""),
            )


def test_what_is_usual_is_not_stored() -> None:
    assert not list(verdict_rows(assessment("microsoft-iis", NotShown()), (GATED, OPEN), is_answered=True))
    closed = assessment("apache", NotAsked(NotAskedReason.GATE_CLOSED))
    assert [row.check for row in verdict_rows(closed, (GATED, OPEN), is_answered=True)] == ["open"]
    silent = assessment("", NotAsked(NotAskedReason.UNREACHABLE))
    assert not list(verdict_rows(silent, (GATED, OPEN), is_answered=False))


def test_a_finding_keeps_its_first_evidence() -> None:
    row = next(verdict_rows(assessment("microsoft-iis", VERDICTS[0]), (GATED, OPEN), is_answered=True))
    assert (row.ordinal, row.part, row.excerpt, row.matcher) == (2, "body", "C:\\", "path")


def product_named(family: str, role: str = "server", version: str = "") -> Software:
    return Software(family, role, "V", "P", version, "cpe", "source", "server")


def test_exactly_one_row_of_an_answered_target_gives_its_family() -> None:
    named = (
        product_named("", "os"),
        product_named("apache", version="2.0"),
        product_named("apache", version="1.3"),
        product_named("php", "language"),
    )
    rows = software_rows(assessment("apache", NotShown(), named, "1.3"), is_answered=True)
    assert [row.is_family for row in rows] == [False, False, True, False]


def test_a_masked_server_gets_a_row_of_its_own() -> None:
    rows = software_rows(assessment("unknown", NotShown(), (product_named("php", "language"),)), is_answered=True)
    assert [(row.family, row.role, row.is_family) for row in rows] == [
        ("php", "language", False),
        ("unknown", "server", True),
    ]


def test_a_target_that_did_not_answer_has_no_family() -> None:
    assert software_rows(assessment("", NotShown()), is_answered=False) == []
