"""Expressions of any kind: read or refused, evaluated or without a value, and never anything else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.judge.templates.dsl.compiling import Expression, UnknownFunctionError
from ebbtide.judge.templates.dsl.functions import FUNCTIONS
from ebbtide.judge.templates.dsl.reading import DslSyntaxError
from ebbtide.judge.templates.dsl.values import MOST_BYTES, DslError, Value, as_text

VALUES = st.one_of(
    st.binary(max_size=40),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-300, 300).map(float),
    st.booleans(),
    st.lists(st.binary(max_size=5), max_size=3),
)
PIECES = st.sampled_from(
    [
        *"()+-*/%<>!&|^~?:,'\"[]{}",
        "==",
        "&&",
        "||",
        "=~",
        "**",
        " ",
        "a",
        "body",
        "1",
        "2.5",
        "'x'",
        "len(",
        "in",
        "{{a}}",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=30).map("".join)))
@settings(max_examples=400)
def test_any_text_is_read_or_refused_and_then_has_a_value_or_none(text: str) -> None:
    try:
        expression = Expression(text)
    except (DslSyntaxError, UnknownFunctionError):
        return
    try:
        found = expression.evaluate({"a": b"'", "body": b"\xff{{a}}"})
    except DslError:
        return
    assert isinstance(as_text(found), bytes)


@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(VALUES, max_size=4))
@settings(max_examples=1500)
def test_any_function_takes_any_arguments_or_says_that_it_has_no_value(name: str, arguments: list[Value]) -> None:
    variables = {f"v{number}": argument for number, argument in enumerate(arguments)}
    expression = Expression(f"{name}({', '.join(variables)})")
    try:
        found = expression.evaluate(variables)
        again = expression.evaluate(variables)
    except DslError:
        return
    assert as_text(found) == as_text(again)
    assert len(as_text(found)) <= 2 * MOST_BYTES
