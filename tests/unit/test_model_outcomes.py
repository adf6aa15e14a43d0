import itertools

import msgspec
import pytest

from ebbtide.model.outcomes import LEGAL_FAULTS, Answered, Failed, Fault, Outcome, Skipped, SkipReason, Stage


def test_every_stage_has_a_line_in_the_table_and_every_fault_is_legal_somewhere() -> None:
    assert set(LEGAL_FAULTS) == set(Stage)
    assert set().union(*LEGAL_FAULTS.values()) == set(Fault)


@pytest.mark.parametrize(("stage", "fault"), list(itertools.product(Stage, Fault)))
def test_a_failure_is_made_of_a_legal_pair_only(stage: Stage, fault: Fault) -> None:
    if fault in LEGAL_FAULTS[stage]:
        assert Failed(stage, fault).fault is fault
    else:
        with pytest.raises(ValueError, match="cannot happen at stage"):
            Failed(stage, fault)


@pytest.mark.parametrize(
    "outcome",
    [Answered(), Failed(Stage.CONNECT, Fault.REFUSED, "errno 111"), Skipped(SkipReason.OPTED_OUT)],
)
def test_an_outcome_survives_being_written_and_read(outcome: Outcome) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(outcome), type=Outcome) == outcome


def test_an_illegal_pair_is_refused_while_reading_too() -> None:
    raw = msgspec.json.encode({"kind": "failed", "stage": "resolve", "fault": "refused"})
    with pytest.raises(msgspec.ValidationError, match="cannot happen"):
        msgspec.json.decode(raw, type=Outcome)
