import pytest

from ebbtide.publish import formatting
from ebbtide.publish.plain_text import plain


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "0.0 %"),
        (0.0004, "under 0.1 %"),
        (0.34, "34.0 %"),
        (0.9996, "over 99.9 %"),
        (1.0, "100.0 %"),
    ],
)
def test_a_share_has_one_decimal_and_never_rounds_to_nothing_or_all(fraction: float | None, text: str) -> None:
    assert formatting.percent(fraction) == text


def test_a_blank_is_never_zero() -> None:
    assert {formatting.count(None), formatting.days(None), formatting.points(None)} == {"\N{EN DASH}"}
    assert formatting.count(0) == "0"


def test_counts_have_separators_of_thousands() -> None:
    assert formatting.count(1762470) == "1,762,470"


def test_a_difference_always_bears_its_sign() -> None:
    assert formatting.points(-0.32) == "\N{MINUS SIGN}32.0 points"
    assert formatting.points(0.015) == "+1.5 points"
    assert formatting.points(-0.00001) == "0.0 points"


@pytest.mark.parametrize(
    ("label", "words"),
    [("2001-07", "July 2001"), ("2001-13", "2001-13"), ("spring", "spring"), ("2001-07-x", "2001-07-x")],
)
def test_a_round_is_named_by_its_month_where_its_label_is_one(label: str, words: str) -> None:
    assert formatting.round_words(label) == words


def test_a_date_is_written_out_and_nonsense_is_left_alone() -> None:
    assert formatting.day_words("2001-07-15") == "15 July 2001"
    assert formatting.day_words("soon") == "soon"


def test_text_that_moves_cursors_or_turns_reading_is_shown_as_escapes() -> None:
    assert plain("\x1b[31mred") == "\\x1b[31mred"
    assert plain("abc\u202edef") == "abc\\u202edef"
    assert plain("Größe \N{SNOWMAN}") == "Größe \N{SNOWMAN}"
