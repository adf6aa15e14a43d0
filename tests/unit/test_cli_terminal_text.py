import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ebbtide.cli.terminal_text import harmless


@given(st.text())
def test_no_character_that_reaches_the_terminal_steers_it(text: str) -> None:
    shown = harmless(text)
    assert all(c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"} for c in shown)


def test_an_escape_sequence_is_shown_and_not_obeyed() -> None:
    assert harmless("IIS\x1b[31m/5.0\u202e") == "IIS\\x1b[31m/5.0\\u202e"


def test_plain_text_passes_as_it_is() -> None:
    assert harmless("Microsoft-IIS/5.0 - café") == "Microsoft-IIS/5.0 - café"
