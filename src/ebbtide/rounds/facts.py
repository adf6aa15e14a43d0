"""Facts kept in one tidy Parquet file a round and judgement."""

import re
from collections.abc import Sequence

import pyarrow.parquet as pq

from ebbtide.model.errors import SurveyFolderError
from ebbtide.model.facts import Fact
from ebbtide.rounds.durable import make_folder, replacing, sync_folder
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.schemas import arrow_schema
from ebbtide.rounds.tables import COMPRESSION, arrow_table

_ATTACKS = "attacks.parquet"
_JUDGEMENT = re.compile(r"[0-9a-f]{0,64}\Z")


def write_facts(folder: SurveyFolder, round_label: str, judgement: str, facts: Sequence[Fact]) -> None:
    """Keep the facts of a round under a judgement; those that were there are replaced.

    Args:
        folder: The survey.
        round_label: Label of a round that is there.
        judgement: Id of the judgement; empty if none was needed.
        facts: All of that round.

    Raises:
        RoundError: There is no such round.
        SurveyFolderError: The judgement's id is none.
    """
    folder.round(round_label)
    if not _JUDGEMENT.match(judgement):
        raise SurveyFolderError(f"{judgement!r} is no judgement's id.")
    home = folder.path / "facts"
    make_folder(home)
    with replacing(home / f"{round_label}.{judgement or 'none'}.parquet") as unfinished:
        pq.write_table(arrow_table(Fact, facts), unfinished, compression=COMPRESSION)
    sync_folder(home)


def write_attack_facts(folder: SurveyFolder, facts: Sequence[Fact]) -> None:
    """Keep the facts of attacks, which belong to no round; those that were there are replaced."""
    home = folder.path / "facts"
    make_folder(home)
    with replacing(home / _ATTACKS) as unfinished:
        pq.write_table(arrow_table(Fact, facts), unfinished, compression=COMPRESSION)
    sync_folder(home)


def read_facts(folder: SurveyFolder) -> tuple[Fact, ...]:
    """The kept facts: of rounds by reference date, each under its current judgement, then those of attacks."""
    rounds = sorted(
        (folder.round(label) for label in folder.labels()), key=lambda each: (each.reference_date, each.label)
    )
    names = [f"{each.label}.{each.judgement or 'none'}.parquet" for each in rounds]
    known = set(arrow_schema(Fact).names)
    facts: list[Fact] = []
    for name in (*names, _ATTACKS):
        path = folder.path / "facts" / name
        if path.exists():
            rows = pq.read_table(path, partitioning=None).to_pylist()
            facts += (Fact(**{name: value for name, value in row.items() if name in known}) for row in rows)
    return tuple(facts)


def forget_facts(folder: SurveyFolder) -> None:
    """Remove all kept facts, because what they were made of has changed; ``ebbtide facts`` makes them anew."""
    home = folder.path / "facts"
    for path in home.glob("*.parquet*"):
        path.unlink(missing_ok=True)
