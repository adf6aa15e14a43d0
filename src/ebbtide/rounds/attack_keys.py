"""Keys for hashing sources, one a month, in a file that only its owner can read; a key that is deleted is gone.

Without the month's key nobody can tell which address a hash stands for, and hashes of two months cannot be joined. Who
has the key can try all addresses; so the keys of past months are not kept.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Collection
from pathlib import Path

import msgspec

from ebbtide.model.errors import SurveyFolderError
from ebbtide.rounds.durable import UNFINISHED, make_folder, sync_folder
from ebbtide.rounds.folder import SurveyFolder

_KEY_BYTES = 32
_HASH_BYTES = 8
_MODE = 0o600
_HEX = re.compile(r"[0-9a-f]{64}\Z")


class MonthKeys:
    """The keys of a survey.

    Args:
        folder: The survey.

    Raises:
        SurveyFolderError: The file is damaged, or others can read it.
    """

    def __init__(self, folder: SurveyFolder) -> None:
        self.path = folder.path / "pressure" / "keys.json"
        self._keys = self._read()

    def _read(self) -> dict[str, str]:
        try:
            status, text = self.path.stat(), self.path.read_bytes()
            keys = msgspec.json.decode(text, type=dict[str, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise SurveyFolderError(
                f"the keys cannot be read: {error}.",
                where=str(self.path),
                remedy="Restore the file, or remove it: months that were hashed with them are closed then.",
            ) from error
        if status.st_mode & 0o077:
            raise SurveyFolderError("others can read the keys.", where=str(self.path), remedy=f"chmod 600 {self.path}")
        if not all(map(_HEX.match, keys.values())):
            raise SurveyFolderError("the keys are damaged.", where=str(self.path), remedy="Restore the file.")
        return keys

    @property
    def months(self) -> frozenset[str]:
        """Months, as ``2004-05``, that have a key."""
        return frozenset(self._keys)

    def make(self, months: Collection[str]) -> None:
        """Give a key to every month that has none, and put them on the disk before anything is hashed with them."""
        new = {month: secrets.token_hex(_KEY_BYTES) for month in months if month not in self._keys}
        if new:
            self._keys |= new
            self._write()

    def keep_only(self, months: Collection[str]) -> None:
        """Delete the keys of all other months."""
        left = {month: key for month, key in self._keys.items() if month in months}
        if left != self._keys:
            self._keys = left
            self._write()

    def hash(self, source: str, month: str) -> str:
        """The hash of a source with the key of a month, 16 hexadecimal digits.

        Raises:
            KeyError: The month has no key.
        """
        key = bytes.fromhex(self._keys[month])
        return hashlib.blake2b(source.encode("utf-8", "replace"), key=key, digest_size=_HASH_BYTES).hexdigest()

    def _write(self) -> None:
        make_folder(self.path.parent)
        unfinished = self.path.with_name(self.path.name + UNFINISHED)
        unfinished.unlink(missing_ok=True)
        _write_private(unfinished, msgspec.json.format(msgspec.json.encode(dict(sorted(self._keys.items()))), indent=1))
        unfinished.replace(self.path)
        sync_folder(self.path.parent)


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
