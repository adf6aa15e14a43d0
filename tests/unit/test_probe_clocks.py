from collections.abc import Callable

from ebbtide.probe.clocks import Clock


class LateNetwork:
    """Tells the time that it is told, and rings when it is told to."""

    def __init__(self) -> None:
        self.time_s = 100.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def now_s(self) -> float:
        return self.time_s

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> "LateNetwork":
        self.timers.append((self.time_s + delay_s, callback))
        return self

    def cancel(self) -> None:
        self.timers.clear()

    def ring(self, late_s: float = 0.0) -> None:
        due_s, callback = self.timers.pop(0)
        self.time_s = due_s + late_s
        callback()


def clock_with(network: LateNetwork, limit_s: float = 1.0) -> tuple[Clock[str], list[str]]:
    expired: list[str] = []
    return Clock(network, limit_s, expired.append), expired  # type: ignore[arg-type]  # what of a network a clock needs


def test_a_deadline_that_passes_ends_its_holder_on_time() -> None:
    network = LateNetwork()
    clock, expired = clock_with(network)
    clock.start("a", network.now_s())
    network.ring(late_s=0.01)
    assert (expired, network.timers) == (["a"], [])


def test_a_ring_that_comes_late_gives_what_has_arrived_a_moment() -> None:
    network = LateNetwork()
    clock, expired = clock_with(network)
    clock.start("a", network.now_s())
    clock.start("b", network.now_s())
    network.ring(late_s=30)
    assert expired == []
    clock.stop("a")
    network.ring()
    assert (expired, network.timers) == (["b"], [])


def test_a_process_that_is_always_late_still_comes_to_an_end() -> None:
    network = LateNetwork()
    clock, expired = clock_with(network)
    for name in "abc":
        clock.start(name, network.now_s())
        network.time_s += 0.5
    rings = 0
    while network.timers:
        network.ring(late_s=5)
        rings += 1
    assert expired == ["a", "b", "c"]
    assert rings == 2


def test_a_holder_that_begins_after_a_stall_has_its_whole_time() -> None:
    network = LateNetwork()
    clock, expired = clock_with(network)
    clock.start("a", network.now_s())
    network.time_s += 20
    clock.start("b", network.now_s())
    network.ring(late_s=19.2)
    network.ring()
    assert expired == ["a"]
    network.ring()
    assert expired == ["a", "b"]
