"""Reads a file of fingerprints in recog's XML format: no entities, no DTD, no network, a cap on its size."""

import base64
import binascii
import hashlib
from pathlib import Path
from typing import cast

from lxml import etree

from ebbtide.judge.fingerprints.records import (
    DEFAULT_CERTAINTY,
    DEFAULT_PREFERENCE,
    Example,
    Fingerprint,
    FingerprintFile,
    Param,
    RefusedFingerprint,
)
from ebbtide.judge.software.slugs import slug
from ebbtide.model.errors import FingerprintError, PatternError
from ebbtide.patterns.regex import Pattern, compile_pattern

MOST_BYTES = 16 << 20
"""A file of fingerprints may have so many."""

MOST_INSTRUCTIONS = 2_000_000
"""The patterns of one file may compile to so many in all, which bounds the memory that it can take."""

_PATTERN_BYTES = 1 << 20

_DOT_FLAGS = frozenset({"REG_DOT_NEWLINE", "REG_LINE_ANY_CRLF", "REG_MULTILINE", "MULTILINE"})
_CASE_FLAGS = frozenset({"REG_ICASE", "IGNORECASE"})


def read_fingerprint_file(path: Path) -> FingerprintFile:
    """Read one file.

    Raises:
        FingerprintError: It cannot be read or is no XML of this format; the error names the file, the line and the
            reason. A fingerprint that is broken, or needs more than RE2 offers, refuses only itself: it is kept as
            ``refused``.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise FingerprintError(f"the file has {size} bytes; {MOST_BYTES} are allowed.", where=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise FingerprintError(f"the file cannot be read: {error.strerror}.", where=str(path)) from error
    return parse_fingerprints(data, path)


def parse_fingerprints(data: bytes, path: Path) -> FingerprintFile:
    """Read the bytes of one file; ``path`` names it in errors and is where its examples' folder lies.

    Raises:
        FingerprintError: As ``read_fingerprint_file``.
    """
    root = _parse_xml(data, path)
    if root.tag != "fingerprints":
        raise _error(path, root, f"the first element is <{root.tag}>, not <fingerprints>.")
    reader = _FileReader(path, root)
    for element in root:
        reader.read_fingerprint(element)
    return FingerprintFile(
        name=path.stem,
        path=str(path),
        folder=str(path.with_suffix("")),
        key=root.get("matches") or path.stem,
        protocol=root.get("protocol", ""),
        preference=_number(path, root, "preference", DEFAULT_PREFERENCE),
        fingerprints=tuple(reader.fingerprints),
        refused=tuple(reader.refused),
        digest=hashlib.blake2b(data, digest_size=8).hexdigest(),
    )


def _parse_xml(data: bytes, path: Path) -> etree._Element:
    """The root of the document; anything that could reach beyond the file is refused before it is parsed."""
    where = str(path)
    if len(data) > MOST_BYTES:
        raise FingerprintError(f"the file has {len(data)} bytes; {MOST_BYTES} are allowed.", where=where)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FingerprintError("the file is not UTF-8.", where=f"{where}:{line}") from error
    if "<!DOCTYPE" in text:
        line = text.count("\n", 0, text.index("<!DOCTYPE")) + 1
        raise FingerprintError("a document type is refused, since it can define entities.", where=f"{where}:{line}")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise FingerprintError(f"no well-formed XML: {error.msg}.", where=f"{where}:{error.lineno or 1}") from error


class _FileReader:
    """Collects the fingerprints of one file."""

    def __init__(self, path: Path, root: etree._Element) -> None:
        self.path = path
        self.root = root
        self.fingerprints: list[Fingerprint] = []
        self.refused: list[RefusedFingerprint] = []
        self._ids: set[str] = set()
        self._instructions = 0

    def read_fingerprint(self, element: etree._Element) -> None:
        """Read one <fingerprint>; a broken one is refused by itself."""
        if element.tag != "fingerprint":
            raise _error(self.path, element, f"<{element.tag}> is not known here; only <fingerprint> is.")
        described = " ".join((element.findtext("description") or "").split())
        name = self._unique_id(f"{self.path.stem}#{slug(described) or 'unnamed'}")
        try:
            read = self._fingerprint(element, name)
        except (FingerprintError, PatternError) as refusal:
            line = int(refusal.where.rpartition(":")[2] or _line(element))
            reason = " ".join(filter(None, (refusal.what, refusal.remedy)))
            count = sum(child.tag == "example" for child in element)
            self.refused.append(RefusedFingerprint(name, str(self.path), line, reason, count))
            return
        self._instructions += read.pattern.instruction_count
        if self._instructions > MOST_INSTRUCTIONS:
            raise _error(self.path, element, f"the patterns so far compile to over {MOST_INSTRUCTIONS} instructions.")
        self.fingerprints.append(read)

    def _fingerprint(self, element: etree._Element, name: str) -> Fingerprint:
        path = self.path
        description = _one_description(path, element)
        examples = tuple(_read_example(path, child) for child in element if child.tag == "example")
        pattern = _compile(path, element)
        params = tuple(_read_param(path, child, pattern.group_count) for child in element if child.tag == "param")
        certainty = _number(path, element, "certainty", DEFAULT_CERTAINTY)
        return Fingerprint(name, _line(element), description, pattern, params, examples, certainty)

    def _unique_id(self, wanted: str) -> str:
        """The id, with a number where the same description stands twice."""
        name, number = wanted, 1
        while name in self._ids:
            number += 1
            name = f"{wanted}-{number}"
        self._ids.add(name)
        return name


def _one_description(path: Path, element: etree._Element) -> str:
    """The description; every child is of a known kind."""
    found = [child for child in element if child.tag == "description"]
    for child in element:
        if child.tag not in {"description", "example", "param"}:
            raise _error(path, child, f"<{child.tag}> is not known inside <fingerprint>.")
        if len(child):
            raise _error(path, child, f"<{child.tag}> holds elements; it may hold only text.")
    if len(found) != 1:
        raise _error(path, element, f"a <fingerprint> needs exactly one <description>; this has {len(found)}.")
    return " ".join((found[0].text or "").split())


def _compile(path: Path, element: etree._Element) -> Pattern:
    """The pattern with its flags.

    It is read as Ruby reads it: ``^`` and ``$`` hold at every line, and ``(?m)`` lets a dot match a newline.
    """
    source = element.get("pattern")
    if not source:
        raise _error(path, element, "a <fingerprint> needs a pattern.")
    flags = {flag.strip() for flag in element.get("flags", "").replace("|", ",").split(",")} - {""}
    unknown = sorted(flags - _DOT_FLAGS - _CASE_FLAGS)
    if unknown:
        known = ", ".join(sorted(_DOT_FLAGS | _CASE_FLAGS))
        raise _error(path, element, f"the flag {unknown[0]} is not known; known are {known}.")
    where = f"{path}:{_line(element)}"
    return compile_pattern(
        source,
        ignore_case=bool(flags & _CASE_FLAGS),
        dot_all=bool(flags & _DOT_FLAGS),
        multi_line=True,
        is_ruby=True,
        memory_bytes=_PATTERN_BYTES,
        where=where,
    )


def _read_param(path: Path, element: etree._Element, groups: int) -> Param:
    """One <param>."""
    name, position, value = element.get("name"), element.get("pos", ""), element.get("value")
    if not name:
        raise _error(path, element, "a <param> needs a name.")
    if not (position.isascii() and position.isdigit() and int(position[:6]) <= groups):
        what = f"pos {position!r} of the param {name} names no group; the pattern has {groups}."
        raise _error(path, element, what)
    group = int(position)
    if group == 0 and value is None:
        raise _error(path, element, f"the param {name} has pos 0 and no value.")
    if group > 0 and value:
        raise _error(path, element, f"the param {name} has a value and a pos other than 0; only one of them can hold.")
    return Param(name, group, value or "")


def _read_example(path: Path, element: etree._Element) -> Example:
    """One <example>; attributes that begin with an underscore say how it is written, all others what it must give."""
    expected = tuple((str(name), str(value)) for name, value in element.attrib.items() if not str(name).startswith("_"))
    file_name = element.get("_filename", "")
    if file_name and (Path(file_name).name != file_name or file_name in {".", ".."}):
        raise _error(path, element, f"_filename {file_name!r} must name a file without a folder.")
    text = element.text or ""
    coding = element.get("_encoding")
    if coding is None:
        return Example(_line(element), text.encode("utf-8"), file_name, expected)
    if coding != "base64":
        raise _error(path, element, f"_encoding {coding!r} is not known; only base64 is.")
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _error(path, element, "the example is no valid base64.") from error
    return Example(_line(element), data, file_name, expected)


def _number(path: Path, element: etree._Element, name: str, default: float) -> float:
    """A number from 0 to 1, as preference and certainty are."""
    text = element.get(name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise _error(path, element, f"{name} {text!r} is no number from 0 to 1.")
    return number


def _line(element: etree._Element) -> int:
    """Line of an element in its file."""
    line = cast("int | None", element.sourceline)  # the stubs leave its type open
    return line or 1


def _error(path: Path, element: etree._Element, what: str) -> FingerprintError:
    """The caller's mistake with its place."""
    return FingerprintError(what, where=f"{path}:{_line(element)}")
