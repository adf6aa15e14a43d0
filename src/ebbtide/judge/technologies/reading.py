"""Files of technologies into records: bounded, mistakes named with their place, refused patterns with their reason."""

import hashlib
import re
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
_MOST_VALUES = 500
_LONGEST_PATTERN = 2_000
_LONGEST_NAME = 200
_FULL = 100
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
    for file in files:
        data = _bytes_of(file)
        digest.update(hashlib.blake2b(data).digest())
        tree = _tree(data, str(file))
        if file.name in _CATEGORY_FILES:
            categories.update(_categories(tree))
            continue
        categories.update(_categories(tree.get("categories")))
        for technology in _technologies(tree, str(file), refused):
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
    found = tuple(_technologies(tree, file, refused))
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


def _technologies(tree: Mapping[str, object], file: str, refused: list[RefusedPattern]) -> Iterator[Technology]:
    """Each technology of a file, which may hold them bare, or under ``technologies`` or ``apps``."""
    inner = tree.get("technologies", tree.get("apps", tree))
    if not isinstance(inner, dict):
        raise CheckError("technologies must be a table.", where=file)
    if len(inner) > MOST_TECHNOLOGIES:
        raise CheckError(f"the file holds more than {MOST_TECHNOLOGIES:,} technologies.", where=file)
    for name, told in inner.items():
        if not isinstance(told, dict):
            raise CheckError(f"{_short(name)} must be a table.", where=file)
        yield _technology(name, told, f"{file}: {_short(name)}", refused)


def _technology(name: str, told: Mapping[str, object], where: str, refused: list[RefusedPattern]) -> Technology:
    patterns: list[TechPattern] = []
    for feed in FEEDS:
        for part, text in _texts(told.get(feed), f"{where}.{feed}", is_named=feed in _NAMED):
            try:
                patterns.append(_pattern(feed, part, text))
            except PatternError as error:
                key = f"{feed}.{part}" if part else feed
                refused.append(RefusedPattern(name[:_LONGEST_NAME], key, text[:_LONGEST_NAME], error.what))
    return Technology(
        name=name[:_LONGEST_NAME],
        categories=_numbers(told.get("cats"), f"{where}.cats"),
        website=_text(told.get("website")),
        cpe=_text(told.get("cpe")),
        patterns=tuple(patterns),
        implies=tuple(_implied(text) for _, text in _texts(told.get("implies"), f"{where}.implies", is_named=False)),
        requires=_names(told.get("requires"), f"{where}.requires"),
        requires_categories=_numbers_or_names(told.get("requiresCategory"), f"{where}.requiresCategory"),
        excludes=_names(told.get("excludes"), f"{where}.excludes"),
        not_fed=tuple(key for key in NOT_FED if told.get(key)),
    )


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


def _pattern(feed: str, name: str, text: str) -> TechPattern:
    source, version, confidence = split_tags(text)
    if len(source) > _LONGEST_PATTERN:
        raise PatternError(f"the pattern is longer than {_LONGEST_PATTERN:,} characters")
    return TechPattern(feed, name, compile_pattern(source, ignore_case=True) if source else None, version, confidence)


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
    """What the licence beside the files, or above them, calls itself."""
    folder = path if path.is_dir() else path.parent
    for above in (folder, folder.parent, folder.parent.parent):
        for name in _LICENCES:
            file = above / name
            if file.is_file():
                head = file.read_text(encoding="utf-8", errors="replace")[:2000]
                known = next((each for each in _KNOWN_LICENCES if each.lower() in head.lower()), "")
                first = next((line.strip() for line in head.splitlines() if line.strip()), name)
                return known or first[:_LONGEST_NAME]
    return ""


def _text(value: object) -> str:
    return value[:_LONGEST_NAME] if isinstance(value, str) else ""


def _short(name: str) -> str:
    return repr(name[:60])
