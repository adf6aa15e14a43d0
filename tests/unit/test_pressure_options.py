"""Options of ``ebbtide pressure`` that do not go together are one sentence each."""

from pathlib import Path

import pytest

from command_line import ebbtide


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--follow", "--months"), "--months cannot go with --follow"),
        (("--follow", "--keep", "--population"), "--keep and --population cannot go with --follow"),
        (("--follow", "--events", "x.jsonl"), "--events cannot go with --follow"),
        (("--keep",), "--keep needs logs and a survey"),
        (("--with-sources",), "there is no file to write sources to"),
    ],
)
def test_options_that_do_not_go_together_are_one_sentence(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b'192.0.2.1 - - [01/Aug/2004:00:00:00 +0000] "GET / HTTP/1.0" 200 1\n')
    told = ebbtide("pressure", log, *words)
    assert (told.returncode, told.stdout) == (2, "")
    assert sentence in told.stderr
