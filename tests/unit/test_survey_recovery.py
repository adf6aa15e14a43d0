"""What a dead run left in its journals is committed once, and each interruption counts once."""

from pathlib import Path

from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Transcript
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.journal import Journal
from ebbtide.rounds.round import Round
from ebbtide.rounds.segments import segment_path
from ebbtide.survey.batch import JOURNALS
from ebbtide.survey.dispatching import recover


def identity(number: int) -> bytes:
    return number.to_bytes(16, "big")


def write(asking: Round, segment: int, begun: list[int], done: list[int], *, is_ended: bool) -> None:
    journal = Journal(segment_path(asking.path / JOURNALS, "b", segment))
    for number in begun:
        journal.write_started(identity(number), 1)
    for number in done:
        target = Target(identity(number), number, f"h{number}.example", "", 80, Scheme.HTTP)
        journal.write_done(Transcript(target, 1, Answered(), ()))
    (journal.end if is_ended else journal.close)()


def interrupted(asking: Round) -> list[int]:
    return sorted(int.from_bytes(each.target_id, "big") for each in asking.log_state.interrupted)


def test_who_stands_in_two_segments_is_interrupted_once(tmp_path: Path) -> None:
    asking = SurveyFolder.create(tmp_path / "survey").create_round("r", "2001-07-15")
    write(asking, 0, [1, 2, 3, 4], [1], is_ended=False)
    write(asking, 1, [2, 3], [], is_ended=False)
    recover(asking)
    assert interrupted(asking) == [2, 3, 4]
    assert not list((asking.path / JOURNALS).iterdir())


def test_who_was_in_flight_when_a_segment_ended_is_told_of_by_the_next_alone(tmp_path: Path) -> None:
    asking = SurveyFolder.create(tmp_path / "survey").create_round("r", "2001-07-15")
    write(asking, 0, [1, 2, 3], [1], is_ended=True)
    write(asking, 1, [2, 3], [2], is_ended=False)
    recover(asking)
    assert interrupted(asking) == [3]
    assert sum(file.rows for file in asking.files("outcomes")) == 2


def test_a_recovery_that_died_half_way_is_gone_on_with(tmp_path: Path) -> None:
    asking = SurveyFolder.create(tmp_path / "survey").create_round("r", "2001-07-15")
    write(asking, 0, [1, 2], [], is_ended=False)
    recover(asking)
    write(asking, 1, [1, 2], [], is_ended=False)
    recover(asking)
    assert interrupted(asking) == [1, 2]
