"""The table ``certificate_summaries``: each distinct certificate of a round read closely, once, when it is sealed."""

from collections.abc import Iterator
from pathlib import Path

from ebbtide.certificates.reading import read_certificate
from ebbtide.model.rows import CertificateSummaryRow
from ebbtide.rounds.entries import FileRef
from ebbtide.rounds.tables import read_rows, write_sharded

CERTIFICATES_IN_MEMORY = 200_000
_BYTE = 256


def write_certificate_summaries(root: Path, shards: int, files: list[FileRef]) -> list[FileRef]:
    """Read the certificates of all shards closely.

    A certificate that servers of several shards send lies in each of these shards and is read once.

    Args:
        root: The round's folder.
        shards: Number of shards.
        files: Of the table ``certificates``.

    Returns:
        The files of the new table, sharded by hash, several a shard where there are very many certificates.
    """
    passes = min(_BYTE, -(-sum(file.rows for file in files) // CERTIFICATES_IN_MEMORY))
    written: list[FileRef] = []
    for number in range(passes):
        lowest, highest = _BYTE * number // passes, _BYTE * (number + 1) // passes
        summaries = _read(root, files, range(lowest, highest))
        written += write_sharded(root, "certificate_summaries", summaries, lambda row: row.sha256[0] * shards // _BYTE)
    return written


def _read(root: Path, files: list[FileRef], first_octets: range) -> Iterator[CertificateSummaryRow]:
    seen: set[bytes] = set()
    for sha256, der in read_rows(root, files, "certificates", ("sha256", "der")):
        if sha256[0] in first_octets and sha256 not in seen:
            seen.add(sha256)
            yield read_certificate(der)
