"""From a batch's transcripts to Parquet files; readers see them when the log lists them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ebbtide.frame.ids import shard_of
from ebbtide.model.outcomes import Failed
from ebbtide.model.transcripts import Transcript
from ebbtide.rounds.entries import FileRef
from ebbtide.rounds.rows import body_rows, certificate_rows, exchange_rows, outcome_parts, outcome_row, with_hashes
from ebbtide.rounds.tables import write_shard

BODY_BYTES_IN_MEMORY = 64 << 20


class BatchTables(msgspec.Struct, frozen=True):
    """The files of a batch.

    Attributes:
        attempts: Rows of ``outcomes``.
        outcomes: How many ended how: ``answered``, ``skipped``, or a fault.
    """

    files: tuple[FileRef, ...]
    attempts: int
    outcomes: dict[str, int]


def write_batch(root: Path, shards: int, transcripts: Iterable[Transcript]) -> BatchTables:
    """Write finished transcripts, one file a shard and table, or more where bodies are large.

    Args:
        root: The round's folder.
        shards: Number of shards.
        transcripts: In any order; read once.
    """
    files: list[FileRef] = []
    endings: Counter[str] = Counter()
    for group in _groups(map(with_hashes, transcripts)):
        endings.update(_ending(each) for each in group if each.follows is None)
        files += _write_group(root, shards, group)
    return BatchTables(tuple(files), endings.total(), dict(endings))


def _groups(transcripts: Iterable[Transcript]) -> Iterator[list[Transcript]]:
    group: list[Transcript] = []
    size = 0
    for transcript in transcripts:
        group.append(transcript)
        size += sum(len(exchange.body) for exchange in transcript.exchanges)
        if size >= BODY_BYTES_IN_MEMORY:
            yield group
            group, size = [], 0
    if group:
        yield group


def _write_group(root: Path, shards: int, group: list[Transcript]) -> Iterator[FileRef]:
    by_shard: dict[int, list[Transcript]] = defaultdict(list)
    for transcript in group:
        by_shard[shard_of(transcript.target.site_id, shards)].append(transcript)
    for shard, members in sorted(by_shard.items()):
        tables: dict[str, list[msgspec.Struct]] = {
            "outcomes": [outcome_row(each) for each in members if each.follows is None],
            "exchanges": [row for each in members for row in exchange_rows(each)],
            "bodies": list(body_rows(members)),
            "certificates": list(certificate_rows(members)),
        }
        for table, rows in tables.items():
            if rows:
                yield write_shard(root, table, shard, rows)


def _ending(transcript: Transcript) -> str:
    outcome = transcript.outcome
    return str(outcome.fault) if isinstance(outcome, Failed) else outcome_parts(outcome)[0]
