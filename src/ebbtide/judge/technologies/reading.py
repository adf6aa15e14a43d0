"""Files of technologies into records: bounded, mistakes named with their place, refused patterns with their reason."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from ebbtide.judge.technologies.records import (
    FEEDS,
    NOT_FED,
    Implied,
    RefusedPattern,
    Technology,
    TechnologyPack,
    TechPattern,
)
from ebbtide.model.errors import CheckError, PatternError
from ebbtide.patterns.regex import compile_pattern

MOST_BYTES = 32 << 20
MOST_TECHNOLOGIES = 20_000
MOST_INSTRUCTIONS = 8_000_000
"""The patterns of one pack may compile to so many in all, which bounds the memory that it can take."""

_MOST_VALUES = 500
_LONGEST_PATTERN = 2_000
_LONGEST_NAME = 200
_FULL = 100
_HEAD_BYTES = 4096
_NAMED = frozenset({"headers", "cookies", "meta"})
_LICENCES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING")
_CATEGORY_FILES = frozenset({"categories.json", "groups.json"})
_KNOWN_LICENCES = ("GNU GENERAL PUBLIC LICENSE", "MIT License", "Apache License", "Mozilla Public License", "BSD")
_NUMBER = re.compile(r"[0-9]{1,6}\Z")


def load_technologies(path: Path) -> TechnologyPack:
    """Read a file of technologies, or all such files of a folder.

    Raises:
        CheckError: There is nothing of that name, or a file is none of technologies.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise CheckError("there are no technologies of that name.", where=str(path))
    technologies: dict[str, Technology] = {}
    refused: list[RefusedPattern] = []
    categories: dict[int, str] = {}
    digest = hashlib.blake2b(digest_size=8)
    reader = _Reader(refused)
    for file in files:
        data = _bytes_of(file)
        digest.update(hashlib.blake2b(data).digest())
        tree = _tree(data, str(file))
        if file.name in _CATEGORY_FILES:
            categories.update(_categories(tree))
            continue
        categories.update(_categories(tree.get("categories")))
        for technology in reader.technologies(tree, str(file)):
            technologies[technology.name] = technology
    if not path.is_dir():
        categories = {**_categories_beside(path), **categories}
    return TechnologyPack(tuple(technologies.values()), tuple(refused), categories, _licence(path), digest.hexdigest())


def read_technologies(data: bytes, file: str) -> TechnologyPack:
    """Read one file's bytes.

    Raises:
        CheckError: It is no file of technologies.
    """
    tree = _tree(data, file)
    refused: list[RefusedPattern] = []
    found = tuple(_Reader(refused).technologies(tree, file))
    digest = hashlib.blake2b(data, digest_size=8).hexdigest()
    return TechnologyPack(found, tuple(refused), _categories(tree.get("categories")), "", digest)


def _bytes_of(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise CheckError(f"the file is longer than {MOST_BYTES >> 20} MiB.", where=str(file))
        return file.read_bytes()
    except OSError as error:
        raise CheckError(f"the file cannot be read: {error.strerror}.", where=str(file)) from error


def _tree(data: bytes, file: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(data, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise CheckError(f"this is no JSON of technologies: {error}.", where=file) from error


class _Reader:
    """Reads technologies of any number of files; what is wrong in one is refused, and the rest is kept.

    Args:
        refused: Where refusals are put.
    """

    def __init__(self, refused: list[RefusedPattern]) -> None:
        self._refused = refused
        self._instructions = 0

    def technologies(self, tree: Mapping[str, object], file: str) -> Iterator[Technology]:
        """Each technology of a file, which may hold them bare, or under ``technologies`` or ``apps``."""
        inner = tree.get("technologies", tree.get("apps", tree))
        if not isinstance(inner, dict):
            raise CheckError("technologies must be a table.", where=file)
        if len(inner) > MOST_TECHNOLOGIES:
            raise CheckError(f"the file holds more than {MOST_TECHNOLOGIES:,} technologies.", where=file)
        if inner and not any(isinstance(told, dict) for told in inner.values()):
            raise CheckError("each technology must be a table.", where=file)
        for name, told in inner.items():
            try:
                yield self._technology(name, told)
            except CheckError as error:
                reason = " ".join(filter(None, (error.where, error.what)))
                self._refused.append(RefusedPattern(name[:_LONGEST_NAME], "", "", f"{file}: {reason}"))

    def _technology(self, name: str, told: object) -> Technology:
        if not isinstance(told, dict):
            raise CheckError("must be a table.")
        patterns: list[TechPattern] = []
        for feed in FEEDS:
            for part, text in _texts(told.get(feed), feed, is_named=feed in _NAMED):
                try:
                    patterns.append(self._pattern(feed, part, text))
                except PatternError as error:
                    key = f"{feed}.{part}" if part else feed
                    self._refused.append(RefusedPattern(name[:_LONGEST_NAME], key, text[:_LONGEST_NAME], error.what))
        return Technology(
            name=name[:_LONGEST_NAME],
            categories=_numbers(told.get("cats"), "cats"),
            website=_text(told.get("website")),
            cpe=_text(told.get("cpe")),
            patterns=tuple(patterns),
            implies=tuple(_implied(text) for _, text in _texts(told.get("implies"), "implies", is_named=False)),
            requires=_names(told.get("requires"), "requires"),
            requires_categories=_numbers_or_names(told.get("requiresCategory"), "requiresCategory"),
            excludes=_names(told.get("excludes"), "excludes"),
            not_fed=tuple(key for key in NOT_FED if told.get(key)),
        )

    def _pattern(self, feed: str, name: str, text: str) -> TechPattern:
        source, version, confidence = split_tags(text)
        if len(source) > _LONGEST_PATTERN:
            raise PatternError(f"the pattern is longer than {_LONGEST_PATTERN:,} characters")
        if not source:
            if feed not in _NAMED:
                raise PatternError("an empty pattern would be found on every page")
            return TechPattern(feed, name, None, version, confidence)
        pattern = compile_pattern(spelled_for_re2(source), ignore_case=True)
        self._instructions += pattern.instruction_count
        if self._instructions > MOST_INSTRUCTIONS:
            raise PatternError(f"the patterns so far compile to over {MOST_INSTRUCTIONS:,} instructions")
        return TechPattern(feed, name, pattern, version, confidence)


def spelled_for_re2(source: str) -> str:
    """A pattern of JavaScript with its two classes that others read otherwise: ``[^]`` is anything, ``[]`` nothing."""
    if "[^]" not in source and "[]" not in source:
        return source
    spelled, place = [], 0
    while place < len(source):
        if source.startswith("[^]", place):
            spelled.append(r"[\s\S]")
            place += 3
        elif source.startswith("[]", place):
            spelled.append(r"[^\s\S]")
            place += 2
        elif source[place] == "[":
            end = _end_of_class(source, place)
            spelled.append(source[place:end])
            place = end
        else:
            step = 2 if source[place] == "\\" else 1
            spelled.append(source[place : place + step])
            place += step
    return "".join(spelled)


def _end_of_class(source: str, place: int) -> int:
    """Where the class that begins at a place is over; the end of the pattern if it never is."""
    place += 1
    while place < len(source) and source[place] != "]":
        place += 2 if source[place] == "\\" else 1
    return min(place + 1, len(source))


def _texts(value: object, where: str, *, is_named: bool) -> list[tuple[str, str]]:
    """Texts of a key, each with the name under which it stands; a list is as many texts."""
    if value is None:
        return []
    pairs = value.items() if is_named and isinstance(value, dict) else [("", value)]
    found = [(str(name).lower(), text) for name, told in pairs for text in (told if isinstance(told, list) else [told])]
    if len(found) > _MOST_VALUES:
        raise CheckError(f"holds more than {_MOST_VALUES} patterns.", where=where)
    if not all(isinstance(text, str) for _, text in found) or (is_named and not isinstance(value, dict)):
        raise CheckError("must be texts" + (" by name." if is_named else "."), where=where)
    return [(name, text) for name, text in found if isinstance(text, str)]


def _names(value: object, where: str) -> tuple[str, ...]:
    return tuple(_implied(text).name for _, text in _texts(value, where, is_named=False))


def _numbers(value: object, where: str) -> tuple[int, ...]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(each, int | str) and _NUMBER.match(str(each)) for each in values):
        raise CheckError("must be numbers of categories.", where=where)
    return tuple(int(str(each)) for each in values)


def _numbers_or_names(value: object, where: str) -> tuple[int | str, ...]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if all(isinstance(each, str) and not _NUMBER.match(each) for each in values):
        return tuple(str(each)[:_LONGEST_NAME].lower() for each in values)
    return _numbers(value, where)


def split_tags(text: str) -> tuple[str, str, int]:
    r"""A pattern, and what its tags say: ``a([0-9]+)\;version:\1\;confidence:50``.

    Returns:
        The pattern, the version's template (empty for none) and the confidence in percent.
    """
    source, *tags = text.split("\\;")
    version, confidence = "", _FULL
    for tag in tags:
        key, _, value = tag.partition(":")
        if key == "version":
            version = value
        elif key == "confidence" and _NUMBER.match(value):
            confidence = min(int(value), _FULL)
    return source, version, confidence


def _implied(text: str) -> Implied:
    name, version, confidence = split_tags(text)
    return Implied(name[:_LONGEST_NAME], version, confidence)


def _categories(tree: object) -> dict[int, str]:
    """Names of categories by number; what is none is left out."""
    if not isinstance(tree, dict):
        return {}
    return {
        int(number): _text(told.get("name"))
        for number, told in tree.items()
        if isinstance(number, str) and _NUMBER.match(number) and isinstance(told, dict)
    }


def _categories_beside(file: Path) -> dict[int, str]:
    """Of the file of categories that stands beside, or above, a file of technologies."""
    for folder in (file.parent, file.parent.parent):
        beside = folder / "categories.json"
        if beside.is_file():
            return _categories(_tree(_bytes_of(beside), str(beside)))
    return {}


def _licence(path: Path) -> str:
    """What the files say that they stand under: in their ``pack.toml``, else in a licence beside or above them."""
    folder = path if path.is_dir() else path.parent
    said = _head_of(folder / "pack.toml")
    if said:
        try:
            licence = tomllib.loads(said).get("licence")
        except tomllib.TOMLDecodeError as error:
            raise CheckError(f"this is no TOML: {error}.", where=str(folder / "pack.toml")) from error
        if isinstance(licence, str):
            return licence[:_LONGEST_NAME]
    for file in (above / name for above in (folder, folder.parent, folder.parent.parent) for name in _LICENCES):
        head = _head_of(file)
        if head:
            known = next((each for each in _KNOWN_LICENCES if each.lower() in head.lower()), "")
            first = next((line.strip() for line in head.splitlines() if line.strip()), file.name)
            return known or first[:_LONGEST_NAME]
    return ""


def _head_of(file: Path) -> str:
    """How a small file begins; empty if there is none, or it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _text(value: object) -> str:
    return value[:_LONGEST_NAME] if isinstance(value, str) else ""
