"""Whether a round's judgement comes out again from the answers that are kept; nothing is written."""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

import msgspec

from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import EbbtideError
from ebbtide.model.rows import SoftwareRow, VerdictRow
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.round import Round
from ebbtide.rounds.tables import read_rows
from ebbtide.survey.judging import judge_answers, round_engine
from ebbtide.survey.progress import Progress

BODIES, TARGETS = "bodies", "targets"


class Evidence(StrEnum):
    """How far back a round's judgement can be followed."""

    ANSWERS = "answers"
    """It was made again from the answers, row for row."""

    EXPIRED = "expired"
    """Bodies or fields of answers were erased when their time was over: the judgement stands alone."""

    OTHER_CHECKS = "other_checks"
    """The survey's checks are not those that judged it: the judgement stands alone."""

    DIFFERS = "differs"
    """The answers are there, and give other rows."""


class JudgedAgain(msgspec.Struct, frozen=True):
    """What became of one round.

    Attributes:
        rows: Rows of software and verdicts that were compared.
        different: Rows that are in one of the judgements alone.
        erased: Targets that were erased since.
        why: One sentence, if it is not ``ANSWERS``.
    """

    round: str
    judgement: str
    evidence: Evidence
    rows: int
    different: int
    erased: int
    why: str = ""


def judge_again(
    folder: SurveyFolder,
    label: str,
    config: SurveyConfig,
    progress: Callable[[Progress], None] = lambda _report: None,
) -> JudgedAgain:
    """Judge the kept answers of a round once more, and hold the rows against those that are stored.

    Args:
        folder: The survey.
        label: Of a judged round.
        config: Whose checks are taken.
        progress: Called after each shard.

    Raises:
        RoundError: There is no such round.
    """
    judging = folder.round(label)
    erased = sum(each.targets for each in judging.log_state.erasures)
    expired = {each.what for each in judging.log_state.erasures} - {TARGETS}

    def told(evidence: Evidence, rows: int = 0, different: int = 0, why: str = "") -> JudgedAgain:
        return JudgedAgain(label, judging.judgement or "", evidence, rows, different, erased, why)

    if expired:
        return told(Evidence.EXPIRED, why=f"{' and '.join(sorted(expired))} of its answers have expired")
    try:
        engine = round_engine(judging, folder, config)
    except EbbtideError as error:
        return told(Evidence.OTHER_CHECKS, why=f"the survey's checks cannot be loaded: {error}")
    if engine.manifest.id != judging.judgement:
        return told(Evidence.OTHER_CHECKS, why="the survey's checks, or the engine, are not those that judged it")
    rows = different = 0
    for shard in range(folder.shards):
        judged = judge_answers(judging, shard, engine)
        for table, record, made in (
            ("software", SoftwareRow, judged.software),
            ("verdicts", VerdictRow, judged.verdicts),
        ):
            stored = _stored(judging, table, record, shard)
            again = Counter(tuple(getattr(row, name) for name in record.__struct_fields__) for row in made)
            rows += stored.total()
            different += (stored - again).total() + (again - stored).total()
        progress(Progress(shard + 1, folder.shards, f"judging {label} again", {}))
    if different:
        return told(Evidence.DIFFERS, rows, different, "its answers give other rows than those that are stored")
    return told(Evidence.ANSWERS, rows)


def _stored(
    judging: Round, table: str, record: type[SoftwareRow | VerdictRow], shard: int
) -> Counter[tuple[object, ...]]:
    return Counter(read_rows(judging.path, judging.files(table, shard), table, record.__struct_fields__))
