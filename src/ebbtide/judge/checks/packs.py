"""Packs: folders of checks that come with Ebbtide."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from ebbtide.judge.checks.reading import read_check_file
from ebbtide.judge.checks.records import Check, Pack
from ebbtide.model.errors import CheckError

PACKS_FOLDER = Path(__file__).parents[1] / "packs"


class _PackFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``pack.toml``; packs of another kind hold no checks."""

    id: str
    name: str
    licence: str
    about: str
    kind: Literal["checks"] = "checks"


def pack_ids(folder: Path = PACKS_FOLDER) -> tuple[str, ...]:
    """Ids of the packs that hold checks, sorted."""
    return tuple(sorted(file.parent.name for file in folder.glob("*/pack.toml") if any(file.parent.glob("*.yaml"))))


def load_pack(pack: str, settings: Mapping[str, Mapping[str, str]] | None = None, folder: Path = PACKS_FOLDER) -> Pack:
    """Load one pack.

    Args:
        pack: Its id, the name of its folder.
        settings: Check id to parameter to the operator's value; checks of other packs are passed over.
        folder: Where packs lie.

    Raises:
        CheckError: There is no such pack, or one of its files is wrong.
    """
    if pack not in pack_ids(folder):
        raise CheckError(
            f"there is no pack {pack[:60]!r}.", where="checks.packs", remedy=f"There are {', '.join(pack_ids(folder))}."
        )
    about = _read_pack_file(folder / pack / "pack.toml", pack)
    checks = [
        read_check_file(file, pack, (settings or {}).get(file.stem, {}))
        for file in sorted((folder / pack).glob("*.yaml"))
    ]
    return Pack(about.id, about.name, about.licence, about.about, order_checks(checks, str(folder / pack)))


def _read_pack_file(path: Path, pack: str) -> _PackFile:
    try:
        read = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _PackFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise CheckError(f"the pack cannot be read: {error}.", where=str(path)) from error
    if read.id != pack:
        raise CheckError("id must be the name of the folder.", where=str(path))
    return read


def order_checks(checks: Iterable[Check], where: str) -> tuple[Check, ...]:
    """Put each check after those that it builds on, else sorted by id.

    Raises:
        CheckError: A check builds on one that is not there, or on itself.
    """
    waiting = {check.id: check for check in sorted(checks, key=lambda check: check.id)}
    for check in waiting.values():
        missing = [part for part in check.parts if part not in waiting]
        if missing:
            raise CheckError(f"{check.id} builds on {missing[0]}, which is not there.", where=where)
    done: dict[str, Check] = {}
    while waiting:
        ready = [check for check in waiting.values() if all(part in done for part in check.parts)]
        if not ready:
            raise CheckError(f"{', '.join(waiting)} build on each other.", where=where)
        for check in ready:
            done[check.id] = waiting.pop(check.id)
    return tuple(done.values())
