"""The sample of a round: the frame is read and merged, sites are drawn of it, and the draw is described for the log."""

from collections.abc import Iterable
from concurrent.futures import Executor
from hashlib import blake2b
from pathlib import Path

import msgspec

from ebbtide.frame.drawing import DrawnStratum, check_strata, draw_frame
from ebbtide.frame.merging import MergedFrame
from ebbtide.frame.pieces import merge_sources
from ebbtide.frame.sampling import Rotation, Sampling
from ebbtide.model.configuration import SampleSection, SurveyConfig
from ebbtide.rounds.entries import CENSUS, Design, SampledStratum
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.tables import read_rows

PANEL, FRESH = "panel", "stratified"
_PERSON = b"ebbtide draw"


def drawn_frame(
    folder: SurveyFolder, config: SurveyConfig, scratch: Path, executor: Executor, label: str = ""
) -> tuple[MergedFrame, Design]:
    """Read and merge all sources, and draw the sample that ``[sample]`` asks for.

    Args:
        folder: The survey.
        config: Its sections ``[frame]`` and ``[sample]``.
        scratch: Folder for the files.
        executor: Where pieces and parts are worked on.
        label: Of the round; empty for whichever comes next.

    Returns:
        The frame of the round, a census or the sample, and its design.

    Raises:
        FrameError: The sources cannot be used, a line names no target, or no sample can be drawn.
    """
    merged = merge_sources(config.frame, folder.path, scratch, folder.shards, executor)
    if not config.sample.is_drawn or merged.kept == 0:
        return merged, Design(CENSUS)
    turn, before = series_place(folder, config.sample, label)
    sample = config.sample
    sampling = Sampling(sampling_key(folder.salt), sample.fraction, sample.fractions, Rotation(turn, sample.leaving))
    merged, drawn = draw_frame(merged, sampling, executor)
    check_strata(config.frame, drawn)
    kept = _kept(folder, before, merged) if before else {}
    strata = tuple(_sampled(each, kept.get(each.stratum, 0)) for each in drawn)
    is_whole = all(each.drawn == each.sites for each in drawn)
    kind = CENSUS if is_whole else PANEL if sample.leaving < 1 else FRESH
    return merged, Design(kind, turn, sample.leaving, before, strata)


def sampling_key(salt: bytes) -> bytes:
    """The key of the permanent random numbers, from the survey's secret: nobody outside can tell who is drawn."""
    return blake2b(salt, digest_size=32, person=_PERSON).digest()


def series_place(folder: SurveyFolder, sample: SampleSection, label: str) -> tuple[int, str]:
    """Which turn a round has in the series, and which drawn round comes before it.

    Args:
        folder: The survey.
        sample: Its section ``[sample]``.
        label: Of the round; empty for whichever comes next.

    Returns:
        The turn that the configuration states, else one more than the highest of any other round; and the label of the
        round with the highest turn below, of equals the later one; empty if there is none.
    """
    turns = {other: design.turn for other, design in _designs(folder) if other != label}
    turn = sample.turns.get(label, max(turns.values(), default=-1) + 1)
    earlier = [(number, other) for other, number in turns.items() if number < turn]
    return turn, max(earlier)[1] if earlier else ""


def _designs(folder: SurveyFolder) -> Iterable[tuple[str, Design]]:
    for label in folder.labels():
        plan = folder.round(label).log_state.plan
        if plan is not None and plan.design is not None and plan.design.strata:
            yield label, plan.design


def _sampled(drawn: DrawnStratum, kept: int) -> SampledStratum:
    return SampledStratum(**msgspec.structs.asdict(drawn), weight=drawn.weight, kept=kept)


def _kept(folder: SurveyFolder, label: str, merged: MergedFrame) -> dict[str, int]:
    """How many drawn sites of each stratum were asked in an earlier round, too; a shard at a time."""
    before = folder.round(label)
    kept: dict[str, int] = {}
    for shard in range(merged.shards):
        files = before.files("targets", shard)
        asked = {site for (site,) in read_rows(before.path, files, "targets", ("site_id",))}
        for row in merged.rows(shard):
            if row[1] in asked:
                asked.remove(row[1])
                kept[row[6]] = kept.get(row[6], 0) + 1
    return kept
