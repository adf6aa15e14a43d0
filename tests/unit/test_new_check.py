"""``make new-check``: what it writes is refused with a sentence until its author has filled it in, and taken then."""

import subprocess
import sys
from pathlib import Path

import pytest

from ebbtide.judge.checks.packs import load_pack
from ebbtide.judge.checks.sampling import run_samples
from ebbtide.model.errors import CheckError

SCRIPT = Path(__file__).parents[2] / "scripts" / "new_check.py"
SAMPLES = """
  samples:
    match:
      - {about: one, responses: [{request: /open-console, body: "<title>Console</title>"}]}
      - {about: two, responses: [{request: /open-console, body: "a <title>Console</title>"}]}
    miss:
      - {about: three, responses: [{request: /open-console, body: "<title>On the console</title>"}]}
      - {about: four, responses: [{request: /open-console, status: 403, body: "<title>Console</title>"}]}
"""


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "pack.toml").write_text('id = "mine"\nname = "M"\nlicence = "Apache-2.0"\nabout = "A"\n')
    good = (
        "id: first\ninfo: {name: F}\nhttp: [{path: [/], matchers: [{type: word, words: [x]}]}]\n"
        "ebbtide:\n  level: passive\n"
        "  severity: low\n  words: W.\n  remedy: R.\n  source: [S]\n  samples:\n"
        "    match: [{about: a, responses: [{request: /, body: x}]}, {about: b, responses: [{request: /, body: xx}]}]\n"
        "    miss: [{about: c, responses: [{request: /, body: y}]}, {about: d, responses: [{request: /, body: z}]}]\n"
    )
    (tmp_path / "mine" / "first.yaml").write_text(good)
    return tmp_path


def begin(packs: Path, identity: str, pack: str = "mine") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), identity, "--pack", pack, "--packs", str(packs)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_scaffold_is_refused_until_its_samples_are_there(packs: Path) -> None:
    told = begin(packs, "open-console")
    path = packs / "mine" / "open-console.yaml"
    assert (told.returncode, told.stderr) == (0, "")
    assert str(path) in told.stdout

    with pytest.raises(
        CheckError, match=r"samples\.match must hold at least 2 samples: answers that show it"
    ) as caught:
        load_pack("mine", folder=packs)
    assert str(path) in caught.value.where

    text = path.read_text(encoding="utf-8")
    path.write_text(text.partition("  samples:")[0].rstrip() + SAMPLES, encoding="utf-8")
    wrong = [result.about for result in run_samples(load_pack("mine", folder=packs).checks) if not result.is_right]
    assert wrong == ["one", "two"]

    text = path.read_text(encoding="utf-8").replace("REPLACE: what only this product writes", "<title>Console</title>")
    path.write_text(text, encoding="utf-8")
    assert all(result.is_right for result in run_samples(load_pack("mine", folder=packs).checks))
    assert text.count("REPLACE") == 5


@pytest.mark.parametrize(
    ("identity", "pack", "sentence"),
    [
        ("Open Console", "mine", "must be made of small letters"),
        ("../x", "mine", "must be made of small letters"),
        ("", "mine", "must be made of small letters"),
        ("open-console", "yours", "PACK=yours is no pack; there are mine."),
        ("first", "mine", "ID=first is taken by"),
    ],
)
def test_a_mistake_is_one_sentence(packs: Path, identity: str, pack: str, sentence: str) -> None:
    before = sorted(packs.rglob("*"))
    told = begin(packs, identity, pack)

    assert told.returncode == 2
    assert sentence in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert sorted(packs.rglob("*")) == before
