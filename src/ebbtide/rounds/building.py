"""Whole rounds made from rows: for tests, and for answers that were gathered elsewhere."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from ebbtide.frame.ids import shard_of
from ebbtide.model.rows import BodyRow, ExchangeRow, OutcomeRow, SoftwareRow, TargetRow, VerdictRow
from ebbtide.model.verdicts import JudgementManifest
from ebbtide.rounds.entries import BatchCommitted, Design, FileRef, Planned
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.locking import round_lock
from ebbtide.rounds.round import Round, judgement_folder
from ebbtide.rounds.sealing import seal
from ebbtide.rounds.tables import write_shard, write_sharded


def write_round(
    folder: SurveyFolder,
    label: str,
    reference_date: str,
    targets: Sequence[TargetRow],
    outcomes: Sequence[OutcomeRow],
    exchanges: Sequence[ExchangeRow] = (),
    bodies: Sequence[BodyRow] = (),
    manifest: JudgementManifest | None = None,
    software: Sequence[SoftwareRow] = (),
    verdicts: Sequence[VerdictRow] = (),
    *,
    design: Design | None = None,
) -> Round:
    """Write a sealed round, judged if a manifest is given, by the same steps as a round that was asked.

    Args:
        folder: The survey.
        label: Label of a round that is not there yet.
        reference_date: ISO date.
        targets: Everyone planned.
        outcomes: At least one for each target.
        exchanges: May be empty; each names its body by hash.
        bodies: Those that the exchanges name.
        manifest: What judged; ``None`` leaves the round unjudged.
        software: One row with ``is_family`` for each answered target.
        verdicts: Sparse, see ``VerdictRow``.
        design: How the targets were drawn; ``None`` where nothing is known of it.

    Returns:
        The round.

    Raises:
        RoundError: The label is taken, or targets and outcomes do not agree.
    """
    with round_lock(folder.round_folder(label), label):
        made = folder.create_round(label, reference_date)
        planned = _by_site(made, "targets", targets)
        digest = "0" * 16
        count, now = len(targets), time.time_ns()
        made.commit(Planned(tuple(planned), count, count, 0, 0, 0, digest, digest, now, design=design))
        files = [*_by_site(made, "outcomes", outcomes), *_by_site(made, "exchanges", exchanges)]
        files += _bodies(made, exchanges, bodies)
        made.commit(BatchCommitted("built", tuple(files), len(outcomes), {}, (), time.time_ns()))
        seal(made)
        if manifest is not None:
            below = judgement_folder(manifest.id)
            tables = _by_site(made, "software", software, below) + _by_site(made, "verdicts", verdicts, below)
            made.add_judgement(manifest, tables)
    return made


def site_shard(shards: int) -> Callable[[Any], int]:
    """Which shard keeps a row that has a ``site_id``."""
    return lambda row: shard_of(row.site_id, shards)


def _by_site(made: Round, table: str, rows: Iterable[msgspec.Struct], below: str = "") -> list[FileRef]:
    return write_sharded(made.path, table, rows, site_shard(made.shards), below=below)


def _bodies(made: Round, exchanges: Iterable[ExchangeRow], bodies: Iterable[BodyRow]) -> list[FileRef]:
    """Bodies go wherever an exchange names them."""
    known = {body.sha256: body for body in bodies}
    homes = {
        (shard_of(row.site_id, made.shards), row.body_sha256): known[row.body_sha256]
        for row in exchanges
        if row.body_sha256 in known
    }
    files = []
    for shard in sorted({shard for shard, _ in homes}):
        rows = [body for (home, _), body in homes.items() if home == shard]
        files.append(write_shard(made.path, "bodies", shard, rows))
    return files
