"""When this machine stands still, what arrived meanwhile is read before anybody is called silent."""

import time

import pytest

from asking_examples import ROOT_ONLY, make_assignment, make_settings
from ebbtide.model.configuration import ClocksSection
from ebbtide.model.outcomes import Answered, Failed, Fault, Stage
from ebbtide.model.transcripts import Transcript
from ebbtide.probe.run import probe_assignments
from ebbtide.probe.settings import Assignment
from hostile_servers import answer, closed_port, serve, wait_for_close

pytestmark = pytest.mark.live

STALL_S = 1.0
HASTY = make_settings(clocks=ClocksSection(connect_s=0.4, handshake_s=0.4, target_s=0.6))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def probe_and_stall(assignments: list[Assignment]) -> dict[str, Transcript]:
    """Stand still for longer than every clock just before the last target is asked."""
    done: dict[str, Transcript] = {}

    def start(assignment: Assignment) -> None:
        if assignment is assignments[-1]:
            time.sleep(STALL_S)

    probe_assignments(
        assignments,
        ROOT_ONLY,
        HASTY,
        on_start=start,
        on_done=lambda transcript: done.update({transcript.address: transcript.masked()}),
    )
    return done


def test_a_refusal_that_came_while_we_stood_still_is_no_silence() -> None:
    with closed_port() as port:
        done = probe_and_stall([make_assignment(address, port) for address in ("127.0.0.1", "127.0.0.2")])
    assert [transcript.outcome for transcript in done.values()] == [Failed(Stage.CONNECT, Fault.REFUSED)] * 2


def test_an_answer_that_came_while_we_stood_still_is_read() -> None:
    with serve(answer(OK)) as port:
        done = probe_and_stall([make_assignment("127.0.0.1", port), make_assignment("127.0.0.2", 1)])
    assert done["127.0.0.1"].outcome == Answered()


def test_who_is_silent_stays_so_though_we_stood_still() -> None:
    with serve(wait_for_close) as port:
        done = probe_and_stall([make_assignment("127.0.0.1", port), make_assignment("127.0.0.2", 1)])
    assert done["127.0.0.1"].outcome == Failed(Stage.RESPONSE, Fault.TIMED_OUT, "the whole target")
