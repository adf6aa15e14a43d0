import pytest

from ebbtide.model.configuration import LimitsSection
from ebbtide.survey.budget import BYTES_IN_FLIGHT, RESERVED_DESCRIPTORS, affordable, free_memory_bytes


@pytest.mark.parametrize(
    ("descriptors", "memory_targets", "in_flight", "said"),
    [
        (20_000, 10_000, 500, []),
        (-1, 0, 500, []),
        (RESERVED_DESCRIPTORS + 100, 10_000, 100, ["open files"]),
        (20_000, 300, 300, ["memory"]),
        (RESERVED_DESCRIPTORS + 400, 300, 300, ["open files", "memory"]),
        (5, 1, 1, ["open files"]),
    ],
)
def test_targets_in_flight_are_as_many_as_the_machine_can_carry_and_it_is_said(
    descriptors: int, memory_targets: int, in_flight: int, said: list[str]
) -> None:
    memory = 2 * 3 * BYTES_IN_FLIGHT * memory_targets
    limits, sentences = affordable(LimitsSection(in_flight=500), 3, descriptors, memory)
    assert limits.in_flight == in_flight
    assert len(sentences) == len(said)
    for word, sentence in zip(said, sentences, strict=True):
        assert word in sentence


def test_this_machine_tells_how_much_memory_is_free() -> None:
    assert free_memory_bytes() > 1 << 20
