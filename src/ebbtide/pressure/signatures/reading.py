"""Reading files of signatures."""

from collections.abc import Iterator
from importlib import resources

import msgspec

from ebbtide.pressure.records import PressureError
from ebbtide.pressure.signatures.records import Clue, Padding, Signature, SignatureFile, Spread

_OWN = resources.files("ebbtide.pressure.signatures") / "data"


def own_signatures() -> tuple[Signature, ...]:
    """The signatures that come with Ebbtide, in the order in which they are tried."""
    files = sorted((file for file in _OWN.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return tuple(signature for file in files for signature in read_signatures(file.read_bytes(), file.name))


def read_signatures(text: bytes, where: str) -> Iterator[Signature]:
    """Read one file.

    Args:
        text: Its TOML.
        where: Its name, for sentences about mistakes.

    Raises:
        PressureError: It is no such file; the sentence names the key, or the signature that lacks its samples.
    """
    try:
        signatures = msgspec.toml.decode(text, type=SignatureFile).signature
    except msgspec.DecodeError as error:
        raise PressureError(f"the file of signatures cannot be read: {error}.", where=where) from error
    for signature in signatures:
        _check(signature, where)
        yield signature


def _check(signature: Signature, where: str) -> None:
    place = f"{where}: {signature.id}"
    if len(signature.positives) < 2 or len(signature.lookalikes) < 2:  # noqa: PLR2004  two of each
        raise PressureError("a signature needs two samples that match and two look-alikes.", where=place)
    if not signature.references or not signature.clue:
        raise PressureError("a signature needs a reference and a clue.", where=place)
    if (signature.spread is not Spread.UNKNOWN or signature.probes_per_s) and not signature.spread_source:
        raise PressureError("how it spreads needs a source.", where=place, remedy="Name it in spread_source.")
    if not 1 <= signature.active_from <= signature.active_to <= 31 or signature.probes_per_s < 0:  # noqa: PLR2004
        raise PressureError("its days of a month or its probes a second cannot be so.", where=place)
    for clue in signature.clue:
        if not words_of(clue):
            raise PressureError("a clue has nothing that a log line must hold.", where=place, remedy="Name its words.")


_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789._-")
LEAST_WORD = 4


def words_of(clue: Clue) -> tuple[bytes, ...]:
    """Words in lower case of which a line holds one whenever the clue holds, unless escapes hide it.

    Only letters, digits, dots, hyphens and underscores make a word: all else is written in many ways. Of several
    conditions the one with the longest words is taken. Empty if there is none that is long enough.
    """
    if clue.words:
        return tuple(word.lower().encode() for word in clue.words)
    choices = [clue.targets, clue.paths, clue.prefixes, clue.suffixes, clue.agents, clue.anywhere]
    choices += [(part,) for part in clue.contains]
    if isinstance(clue.padding, Padding):
        choices.append((clue.padding.after,))
    found = [tuple(sorted({_longest_word(text) for text in texts})) for texts in choices if texts]
    found = [words for words in found if all(len(word) >= LEAST_WORD for word in words)]
    return max(found, key=lambda words: min(map(len, words)), default=())


def _longest_word(text: str) -> bytes:
    octets = bytes(octet if octet in _WORD_BYTES else 0x20 for octet in text.lower().encode())
    return max(octets.split(), key=len, default=b"")
