"""When an answer of ``why`` counts as right, when as wrong, and what the table of confusion adds up."""

import msgspec
import pytest

from ebbtide.cli.scoring import BEFORE, TODAY, Scored, confusion, score_sentence, scored_answer, wrongs
from ebbtide.estimate.explaining import Explanation, Told
from ebbtide.lab.traps import Truth


def told(verdict: str, **units: int) -> Explanation:
    causes = tuple(Told(cause, number, 0, 0, 0.0, None) for cause, number in units.items())
    return Explanation(
        subject="code-red-ida",
        unit="site",
        from_round="a",
        to_round="b",
        share_then=0.5,
        share_now=0.4,
        base_then=10,
        base_now=10,
        kept=10,
        mended=0,
        opened=0,
        p_value=1.0,
        change=None,
        verdict=verdict,
        reasons=(),
        causes=causes,
    )


def truth(*ends: int, **units: int) -> Truth:
    return Truth(units, *(ends or (5, 10, 4, 10)))


@pytest.mark.parametrize(
    ("said", "true", "is_right"),
    [
        (told("lost_silent", lost_silent=2), truth(lost_silent=2), True),
        (told("behaviour", lost_silent=2), truth(lost_silent=2), False),
        (told("lost_refused", lost_silent=2), truth(lost_silent=2), False),
        (told("cannot_conclude", lost_silent=2), truth(lost_silent=2), True),
        (told("several", lost_silent=2, behaviour=1), truth(lost_silent=2, behaviour=1), True),
        (told("several", lost_silent=2), truth(lost_silent=2), False),
        (told("nothing"), truth(5, 10, 5, 10), True),
        (told("nothing", renumbered=4), truth(5, 10, 5, 10, renumbered=4), True),
        (told("nothing", behaviour=1), truth(behaviour=1), False),
        (told("behaviour"), truth(5, 10, 5, 10), False),
    ],
)
def test_a_right_answer_names_a_cause_at_work_or_says_what_is_true_of_all(
    said: Explanation, true: Truth, *, is_right: bool
) -> None:
    one = scored_answer(said, true, TODAY)
    assert one.is_right is is_right
    assert one.counts_agree
    assert bool(wrongs([one])) is not is_right


def test_other_units_than_really_moved_are_told_even_where_the_name_is_right() -> None:
    one = scored_answer(told("lost_silent", lost_silent=3), truth(lost_silent=2), TODAY)
    assert (one.is_right, one.counts_agree) == (True, False)
    (sentence,) = wrongs([one])
    assert sentence.endswith("as judged today: lost_silent (lost_silent 2), and why says lost_silent (lost_silent 3).")


def test_a_new_judgement_has_no_units_and_before_it_counts_cannot_be_held() -> None:
    true = truth(lost_silent=2, reclassified=7)
    assert scored_answer(told("reclassified", lost_silent=2), true, "as first judged").counts_agree
    assert scored_answer(told("cannot_conclude", behaviour=9), true, BEFORE).counts_agree
    assert not scored_answer(told("reclassified", behaviour=9), true, "as first judged").counts_agree


def test_the_table_and_the_sentence_add_up() -> None:
    right = scored_answer(told("lost_silent", lost_silent=2), truth(lost_silent=2), TODAY)
    wrong = msgspec.structs.replace(right, verdict="behaviour", is_right=False)
    refused = msgspec.structs.replace(right, verdict="cannot_conclude")
    scored: list[Scored] = [right, right, wrong, refused]
    assert confusion(scored) == {"lost_silent": {"lost_silent": 2, "behaviour": 1, "cannot_conclude": 1}}
    assert score_sentence(scored) == (
        "why was asked 4 times: 2 answers are right, 1 refused, 1 wrong; 0 count other units than really moved."
    )
