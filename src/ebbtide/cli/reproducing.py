"""A publication computed again, as far back as what is kept allows."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from ebbtide.cli.lens_tables import address_tables
from ebbtide.estimate.compute import compute_facts
from ebbtide.estimate.lens_facts import compute_lens_facts
from ebbtide.estimate.lenses import LENSES, OPERATORS
from ebbtide.estimate.reproducing import Reproduced, hold_against
from ebbtide.model.configuration import SurveyConfig
from ebbtide.model.errors import EstimateError
from ebbtide.model.facts import Fact
from ebbtide.rounds.facts import read_facts
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.progress import Progress
from ebbtide.survey.reproducing import Evidence, JudgedAgain, judge_again

MOST_BYTES = 1 << 30


class Reproduction(msgspec.Struct, frozen=True):
    """What came out.

    Attributes:
        status: ``exact``; ``exact_from_judgements`` where answers are no longer there or were judged by other checks;
            ``differs_by_erased`` where every difference lies in a round of which units were erased; ``differs``.
        erased: Units that were erased from the rounds that the publication speaks of.
    """

    status: str
    erased: int
    facts: Reproduced
    rounds: tuple[JudgedAgain, ...]

    @property
    def is_sound(self) -> bool:
        """Nothing differs that an erasure does not explain."""
        return self.status != "differs"


def reproduction(
    folder: SurveyFolder, config: SurveyConfig, path: Path | None, progress: Callable[[Progress], None]
) -> Reproduction:
    """Compute a publication again.

    Args:
        folder: The survey.
        config: Its configuration.
        path: File of published facts, as ``ebbtide facts --json`` prints them; ``None`` for those that are kept.
        progress: Called while answers are judged again.

    Raises:
        EstimateError: There are no such facts, or the file holds none.
    """
    published = read_facts(folder) if path is None else _facts_of(path)
    if not published:
        raise EstimateError("there are no facts to compute again.", remedy="Make them: ebbtide facts, or name a file.")
    labels = sorted({label for fact in published for label in (fact.round, fact.from_round) if label})
    known = set(folder.labels())
    for label in labels:
        if label not in known:
            raise EstimateError(f"the facts speak of round {label[:60]!r}, which this survey does not have.")
    computed = compute_facts(folder, silent_after=config.attempts.silent_after)
    if any(fact.lens in LENSES or fact.metric == OPERATORS for fact in published):
        tables = address_tables(config, folder.path)
        computed += compute_lens_facts(folder, tables=tables, silent_after=config.attempts.silent_after)
    facts = hold_against(published, computed)
    judged = [label for label in labels if folder.round(label).judgement]
    rounds = tuple(judge_again(folder, label, config, progress) for label in judged)
    return Reproduction(_status(facts, rounds), sum(each.erased for each in rounds), facts, rounds)


def reproduction_words(found: Reproduction) -> str:
    """What came out, in one sentence."""
    count = f"{found.facts.same:,} of {found.facts.facts:,} facts came out the same"
    origin = "the answers themselves" if found.rounds else "the counts that are kept"
    alone = ", ".join(each.round for each in found.rounds if each.evidence is not Evidence.ANSWERS)
    return {
        "exact": f"Exact: {count}, from {origin}.",
        "exact_from_judgements": f"Exact from judgements: {count}; of {alone} only the judgement could be followed.",
        "differs_by_erased": f"Differs by {found.erased:,} erased units: {count}.",
        "differs": f"Differs: {count}.",
    }[found.status]


def _status(facts: Reproduced, rounds: tuple[JudgedAgain, ...]) -> str:
    if any(each.evidence is Evidence.DIFFERS for each in rounds):
        return "differs"
    if facts.differences:
        return "differs_by_erased" if any(each.erased for each in rounds) else "differs"
    return "exact" if all(each.evidence is Evidence.ANSWERS for each in rounds) else "exact_from_judgements"


def _facts_of(path: Path) -> tuple[Fact, ...]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise EstimateError("the file of facts is too long.", where=str(path))
        return tuple(msgspec.json.decode(path.read_bytes(), type=list[Fact]))
    except OSError as error:
        raise EstimateError(f"the file cannot be read: {error.strerror}.", where=str(path)) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EstimateError(f"this is no file of facts: {error}.", where=str(path)) from error
