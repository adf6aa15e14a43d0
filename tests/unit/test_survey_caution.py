"""The first share of a round, and the brake."""

from ebbtide.model.configuration import CautionSection
from ebbtide.survey.caution import Brake, Gate, first_share, is_in_first_share

SALT = b"sixteen bytes ok"


def brake(*, is_on: bool = True, least_answered: float = 0.2, most_errors: float = 0.5) -> Brake:
    return Brake(CautionSection(window=100, least_answered=least_answered, most_errors=most_errors), is_on=is_on)


def test_the_run_goes_on_while_both_shares_are_in_their_bands() -> None:
    watched = brake()
    watched.note({"answered": 20, "timed_out": 40, "refused": 40})
    watched.note({"answered": 50, "unreachable": 50})
    assert not watched.is_pulled


def test_too_few_answers_stop_the_run_with_both_numbers_in_the_sentence() -> None:
    watched = brake()
    watched.note({"answered": 19, "timed_out": 81})
    assert watched.is_pulled
    assert watched.why.startswith("of the latest 100 targets only 19 answered")


def test_too_many_errors_of_our_own_stop_the_run_and_those_of_others_do_not() -> None:
    for fault in ("unreachable", "reset", "dns_failed", "internal_error"):
        watched = brake()
        watched.note({"answered": 49, fault: 51})
        assert "51 ended in an error" in watched.why
    for fault in ("refused", "timed_out", "closed_early", "tls_alert", "name_not_found"):
        watched = brake()
        watched.note({"answered": 49, fault: 51})
        assert not watched.is_pulled


def test_a_handful_of_targets_says_nothing_yet() -> None:
    watched = brake()
    watched.note({"unreachable": 9})
    assert not watched.is_pulled
    watched.note({"unreachable": 1})
    assert watched.is_pulled


def test_only_the_latest_targets_count() -> None:
    watched = brake()
    watched.note({"answered": 10_000})
    for _ in range(5):
        watched.note({"unreachable": 10})
        assert not watched.is_pulled
    for _ in range(5):
        watched.note({"unreachable": 10})
    assert watched.is_pulled


def test_who_was_skipped_does_not_count() -> None:
    watched = brake()
    watched.note({"skipped": 1000, "answered": 20})
    assert not watched.is_pulled


def test_a_brake_once_pulled_stays_so_and_one_that_is_off_never_is() -> None:
    watched, off = brake(), brake(is_on=False)
    for each in (watched, off):
        each.note({"unreachable": 100})
        each.note({"answered": 10_000})
    assert watched.is_pulled
    assert not off.is_pulled


def test_the_first_share_is_never_a_mere_handful_and_a_small_frame_does_not_wait() -> None:
    section = CautionSection()
    assert first_share(section, 1_000_000) == 0.01
    assert first_share(section, 100) == 0.1
    assert first_share(section, 10) == 1.0
    assert first_share(CautionSection(first_share=0), 1_000_000) == 1.0
    assert first_share(CautionSection(first_share=1), 1_000_000) == 1.0


def test_the_first_share_is_drawn_by_chance_and_the_same_every_time() -> None:
    ids = [number.to_bytes(16, "big") for number in range(100_000)]
    first = {each for each in ids if is_in_first_share(each, SALT, 0.01)}
    assert 900 < len(first) < 1100
    assert first == {each for each in ids if is_in_first_share(each, SALT, 0.01)}
    other = {each for each in ids if is_in_first_share(each, b"another survey's", 0.01)}
    assert len(first & other) < 50
    assert first <= {each for each in ids if is_in_first_share(each, SALT, 0.02)}


def test_a_gate_counts_who_waits() -> None:
    gate = Gate(SALT, 0.5)
    admitted = sum(gate.admits(number.to_bytes(16, "big")) for number in range(1000))
    assert admitted + gate.held_back == 1000
    assert 400 < admitted < 600
    assert all(Gate(SALT, 1.0).admits(number.to_bytes(16, "big")) for number in range(1000))


def test_more_answers_than_there_can_be_stop_the_run() -> None:
    told = Brake(CautionSection(window=100, most_answered=0.9), is_on=True)
    told.note({"answered": 80, "timed_out": 20})
    assert not told.is_pulled
    told.note({"answered": 100})
    assert "more than the share 0.9 of caution.most_answered" in told.why
