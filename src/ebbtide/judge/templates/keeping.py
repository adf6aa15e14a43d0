"""Readings of templates kept beside a survey, so that thousands of them need not be read again each time.

What is kept of a file counts only while its size and its time of change are the same, and while the code that read it
is; so with the files beside it that it names. A store that cannot be read or written is passed over.
"""

import functools
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec

from ebbtide.judge.templates.dsl.compiling import Expression
from ebbtide.judge.templates.reading import read_template_file
from ebbtide.judge.templates.records import Reading
from ebbtide.patterns.regex import CompiledPattern, Pattern

FEWEST = 200
"""Fewer files are read quicker than a store is worth."""

_PACKAGE = Path(__file__).parents[2]
_CODE = ("judge/templates", "judge/checks/content_hash.py", "patterns", "model")


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """The reading of one file, and by what it is known that nothing has changed since.

    Attributes:
        stamps: Size and time of change of the file itself, and of every place at which a helper was looked for.
    """

    stamps: tuple[tuple[int, int], ...]
    reading: Reading


class _Store(msgspec.Struct, frozen=True, array_like=True):
    code: str
    files: dict[str, _Kept]


def read_templates(files: Iterable[Path], store: Path | None) -> Iterator[Reading]:
    """Read files of templates, as ``read_template_file`` does.

    Args:
        files: In the order in which their readings are wanted.
        store: File in which readings are kept; ``None`` if none are.

    Raises:
        CheckError: A file cannot be read, or is no template.
    """
    listed = list(files)
    if store is None or len(listed) < FEWEST:
        yield from map(read_template_file, listed)
        return
    known = _load(store)
    fresh: dict[str, _Kept] = {}
    is_changed = False
    for file in listed:
        kept = known.get(str(file))
        if kept is None or kept.stamps != _stamps_of((str(file), *kept.reading.helpers)):
            before = _stamps_of((str(file),))
            reading = read_template_file(file)
            kept = _Kept(before + _stamps_of(reading.helpers), reading)
            is_changed = True
        fresh[str(file)] = kept
        yield kept.reading
    if is_changed or len(fresh) < len(known):
        _save(store, fresh)


def _stamps_of(paths: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Size and time of change of each file; of one that is not there a pair that none has."""
    stamps = []
    for path in paths:
        try:
            told = os.stat(path)  # noqa: PTH116  ten thousand paths would be built for nothing
            stamps.append((told.st_size, told.st_mtime_ns))
        except (OSError, ValueError):
            stamps.append((-1, -1))
    return tuple(stamps)


def _load(store: Path) -> dict[str, _Kept]:
    try:
        found = _decoder().decode(store.read_bytes())
    except (OSError, msgspec.MsgspecError, RecursionError, ValueError):
        return {}
    return found.files if found.code == _code_digest() else {}


def _save(store: Path, files: dict[str, _Kept]) -> None:
    data = msgspec.msgpack.encode(_Store(_code_digest(), files), enc_hook=_encoded)
    part = store.with_name(f"{store.name}.{uuid4().hex}")
    with suppress(OSError):
        store.parent.mkdir(exist_ok=True)
        part.write_bytes(data)
        part.replace(store)
    with suppress(OSError):
        part.unlink(missing_ok=True)


@functools.cache
def _decoder() -> msgspec.msgpack.Decoder[_Store]:
    return msgspec.msgpack.Decoder(_Store, dec_hook=_decoded)


def _encoded(value: object) -> object:
    if isinstance(value, Pattern):
        return value.told
    if isinstance(value, Expression):
        return value.text
    raise NotImplementedError(type(value).__name__)


def _decoded(kind: type, value: object) -> object:
    if kind is Pattern:
        return Pattern(msgspec.convert(value, CompiledPattern))
    if kind is Expression and isinstance(value, str):
        return Expression.known(value)
    raise ValueError(f"{kind.__name__} is not kept in this way")


@functools.cache
def _code_digest() -> str:
    """Hash of the code whose readings these are."""
    digest = hashlib.blake2b(digest_size=16)
    for part in _CODE:
        path = _PACKAGE / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(_PACKAGE)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
