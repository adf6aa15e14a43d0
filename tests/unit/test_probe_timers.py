"""Timers of the real loop: in the order of their moments, and gone soon after they are called off."""

import gc
from functools import partial

from ebbtide.probe.sockets import SocketNetwork


def timers_in_memory() -> int:
    gc.collect()
    return sum(type(each).__name__ == "_Timer" for each in gc.get_objects())


def test_timers_that_are_called_off_do_not_pile_up() -> None:
    network = SocketNetwork()
    before = timers_in_memory()
    kept = [network.call_later(60.0, lambda: None) for _ in range(10)]
    for _ in range(20_000):
        network.call_later(30.0, lambda: None).cancel()
    assert timers_in_memory() - before < 1100
    assert len(kept) == 10


def test_timers_ring_in_order_though_others_were_called_off_meanwhile() -> None:
    network = SocketNetwork()
    rung: list[int] = []

    def ring(number: int) -> None:
        for _ in range(3000):
            network.call_later(60.0, lambda: None).cancel()
        rung.append(number)
        network.wake()

    for number in (3, 1, 2):
        network.call_later(number / 100, partial(ring, number))
    network.run(lambda: len(rung) == 3, lambda: True)
    assert rung == [1, 2, 3]
