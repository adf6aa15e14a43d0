"""What must hold for the texts of a scenario and for the roles that they play."""

import codecs
import re
from pathlib import Path
from typing import NoReturn

from ebbtide.lab.errors import ScenarioError
from ebbtide.lab.scenario_events import Worm, mends_of
from ebbtide.lab.scenario_records import BASE_FAMILY, Choice, Hole, Script, Text

ASCII_PROBE = '<%IDQ "x.ida" C:\\%>' + "".join(map(chr, range(32, 127))) + "\n"
_ROOT = re.compile(r"^[A-Za-z]:(\\[0-9A-Za-z._ -]+)+$")
RESERVED_FIELDS = frozenset(
    {"server", "date", "content-length", "content-type", "connection", "transfer-encoding", "content-encoding"}
)


def patch_mark(script: Script) -> str:
    """The text that marks a patched filter's reply, as the assumption says; empty if none does."""
    for assumption in script.assumptions:
        sets = assumption.sets
        if sets is not None and (sets.check, sets.parameter) == ("code-red-ida", "patch_mark"):
            return sets.value
    return ""


def check_texts(script: Script, file: Path) -> None:
    """Refuse a text that cannot be sent.

    Raises:
        ScenarioError: The charset is unknown, or does not hold the body, or a field is ours.
    """
    for text_id, text in script.texts.items():
        _check_text(text, f"texts.{text_id}", file)


def _check_text(text: Text, key: str, file: Path) -> None:
    try:
        codecs.lookup(text.charset)
        is_ascii_based = ASCII_PROBE.encode(text.charset) == ASCII_PROBE.encode("ascii")
        text.body.encode(text.charset)
    except UnicodeEncodeError as error:
        letter = text.body[error.start]
        raise ScenarioError(file, f"{key}.body", f"{letter!r} cannot be written in {text.charset}") from error
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise ScenarioError(file, f"{key}.charset", f"{text.charset} is no charset that is known here") from error
    if not is_ascii_based:
        raise ScenarioError(file, f"{key}.charset", f"{text.charset} does not contain ASCII")
    if text.status in {204, 304} and text.body:
        raise ScenarioError(file, f"{key}.status", f"{text.status} has no body")
    for name in text.fields:
        if name.lower() in RESERVED_FIELDS:
            raise ScenarioError(file, f"{key}.fields.{name}", "is written by the lab itself")


def check_pages(script: Script, file: Path) -> None:
    """Refuse families whose pages are missing for what the scenario lets happen.

    Raises:
        ScenarioError: A role is not played, or by a text that is not there or cannot show what it must.
    """
    rules = _PageRules(script, file)
    for family_id in script.families:
        rules.check_family(family_id)
    if BASE_FAMILY in script.families:
        rules.check_base()


class _PageRules:
    def __init__(self, script: Script, file: Path) -> None:
        self.script = script
        self.file = file

    def fail(self, key: str, sentence: str) -> NoReturn:
        raise ScenarioError(self.file, key, sentence)

    def check_family(self, family_id: str) -> None:
        pages = self.script.families[family_id].pages
        for role in type(pages).__struct_fields__:
            for index, choice in enumerate(getattr(pages, role)):
                self._check_choice(f"families.{family_id}.pages.{role}[{index}]", family_id, choice)
            if getattr(pages, role):
                self._need(family_id, role)
        self._need(family_id, "front")
        self._need(family_id, "not_found")

    def _check_choice(self, key: str, family_id: str, choice: Choice) -> None:
        if choice.text not in self.script.texts:
            self.fail(f"{key}.text", f"{choice.text} is no text of this scenario")
        if choice.language and choice.language not in self.script.families[family_id].languages:
            self.fail(f"{key}.language", f"{choice.language} is no language of {family_id}")

    def _need(self, family_id: str, role: str) -> None:
        """Every language that servers of the family speak must find a text for the role."""
        family = self.script.families[family_id]
        choices: tuple[Choice, ...] = getattr(family.pages, role)
        key = f"families.{family_id}.pages.{role}"
        for language, share in family.languages.items():
            fitting = [c for c in choices if c.language == language] or [c for c in choices if not c.language]
            if share > 0 and not sum(choice.share for choice in fitting) > 0:
                self.fail(key, f"has no text for servers of language {language}")

    def check_base(self) -> None:
        base, holes = BASE_FAMILY, self.script.holes
        for hole, check, role in (
            (holes.reachable, "code-red-ida-reachable", "index_error"),
            (holes.admin, "admin-pages", "admin"),
            (holes.script, "script-source", "script_source"),
            (holes.backdoor, "backdoor-mark", "infection"),
        ):
            if self._happens(hole, check):
                self._need(base, role)
        if self._happens(holes.reachable, "code-red-ida-reachable"):
            self._check_index_error()
        if self._happens(holes.path, "server-path"):
            for root in self.script.families[base].roots:
                if not _ROOT.match(root):
                    self.fail(f"families.{base}.roots.{root}", "is no directory such as C:\\Inetpub\\wwwroot")

    def _happens(self, hole: Hole, check: str) -> bool:
        """Whether any server has the hole in any month, by rate, from the beginning, or by a worm."""
        infects = check == "backdoor-mark" and any(isinstance(e, Worm) and e.infects for e in self.script.events)
        begun = any(stratum.holes.get(check) for stratum in self.script.strata.values())
        return infects or begun or any(rate > 0 for rate in hole.rates.values())

    def _has_patched(self) -> bool:
        """Whether some servers that begin with a reachable filter are patched, or get patched."""
        strata = self.script.strata.values()
        begun = any(each.holes.get("code-red-ida") != each.holes.get("code-red-ida-reachable") for each in strata)
        mended = any(mending.check == "code-red-ida" for event in self.script.events for mending in mends_of(event))
        return begun or mended

    def _check_index_error(self) -> None:
        script = self.script
        mark = patch_mark(script)
        if not mark and (script.holes.ida.rates != script.holes.reachable.rates or self._has_patched()):
            self.fail("assumptions", "none sets code-red-ida.patch_mark, so that a patched server cannot be told")
        for choice in script.families[BASE_FAMILY].pages.index_error:
            body = script.texts[choice.text].body
            for placeholder in ("{file}", *(["{patch_mark}"] if mark else [])):
                if placeholder not in body:
                    self.fail(f"texts.{choice.text}.body", f"plays index_error and lacks {placeholder}")
