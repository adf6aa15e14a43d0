"""Reads what a check says of an end of life: products, release lines with their last days, what distributions mend."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from ebbtide.judge.checks.records import EndOfLife, Telling
from ebbtide.judge.software.slugs import slug
from ebbtide.judge.templates.tree_reading import TableReader
from ebbtide.model.errors import PatternError
from ebbtide.model.versions import version_numbers
from ebbtide.patterns.regex import compile_pattern

MAINTAINED = "maintained"
"""Stands where a date would, behind a line that is still mended."""


def read_end_of_life(reader: TableReader) -> EndOfLife:
    """Read ``decide.end_of_life``.

    Raises:
        CheckError: Something in it is wrong; file, line and key are named.
    """
    reader.only("products", "known", "lines", "distributed", "is_packaged", "is_on_page", "versions")
    products = reader.texts("products")
    if not products or any(not name or slug(name) != name for name in products):
        reader.fail("products", "must be a list of ids: small letters, digits and hyphens.")
    return EndOfLife(
        products=frozenset(products),
        known=read_date(reader, "known"),
        lines=_lines(reader.need("lines")),
        distributed=_distributed(reader),
        is_packaged=reader.truth("is_packaged"),
        is_on_page=reader.truth("is_on_page"),
        tellings=tuple(_telling(each) for each in reader.children("versions")),
    )


def read_date(reader: TableReader, key: str) -> str:
    """An ISO date.

    Raises:
        CheckError: It is missing, or none.
    """
    text = reader.text(key)
    try:
        is_date = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_date = False
    if not is_date:
        reader.fail(key, "must be a date, as 2026-11-27.")
    return text


def _lines(reader: TableReader) -> tuple[tuple[tuple[int, ...], str], ...]:
    lines: dict[tuple[int, ...], str] = {}
    for key in reader.keys:
        numbers = version_numbers(key)
        if not numbers or ".".join(map(str, numbers)) != key:
            reader.fail(key, 'must be a release line, as "1.26".')
        lines[numbers] = "" if reader.text(key) == MAINTAINED else read_date(reader, key)
    if not lines:
        reader.fail("lines", "must not be empty.")
    return tuple(sorted(lines.items()))


def _distributed(reader: TableReader) -> Mapping[str, str]:
    versions = reader.child("distributed")
    return MappingProxyType({key: read_date(versions, key) for key in versions.keys} if versions else {})


def _telling(reader: TableReader) -> Telling:
    reader.only("part", "regex")
    try:
        regex = compile_pattern(reader.text("regex"))
    except PatternError as error:
        reader.fail("regex", f"cannot be used: {error}")
    if not regex.group_count:
        reader.fail("regex", "must have a group, which is the version.")
    return Telling(reader.text("part").lower(), regex)
