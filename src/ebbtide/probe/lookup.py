"""One host's way to its addresses: which question comes next and to whom. Pure; ``resolve`` sends and listens."""

import socket
from collections.abc import Iterable, Sequence

import msgspec

from ebbtide.model.outcomes import Failed, Fault, Stage
from ebbtide.probe.answers import MOST_ADDRESSES, Answer

NO_ANSWER = "no answer"
_MOST_DETAIL_CHARACTERS = 200


class Resolved(msgspec.Struct, frozen=True):
    """What became of one host.

    Attributes:
        host: As it was handed in.
        addresses: Distinct, in an order that does not hang on the server's mood: the preferred family first, then by
            number; at most 64. Empty if and only if there is a failure.
        cnames: The names that the host is an alias of, in order; kept beside a failure too.
        failure: Why there is no address.
        address_count: Addresses in the answers, those included that were too many to be kept.
    """

    host: str
    addresses: tuple[str, ...] = ()
    cnames: tuple[str, ...] = ()
    failure: Failed | None = None
    address_count: int = 0


class Lookup:
    """A host on its way: A is asked before AAAA, the first name servers before the second, each in turn.

    A name that does not exist is not asked for twice. Silence and refusal go on: silence to the next name server of the
    set until the tries are used up, refusal to each once, then to the second set. Where an address is known already,
    the other family is not worth a second opinion; and where nobody would say anything about A, nobody is asked about
    AAAA.

    Args:
        host: As it was handed in.
        name: What is asked for.
        kinds: Types of the questions, in order.
        sets: Name servers, one set or two.
        tries: Questions to each set.
        turn: Where in each set to begin.
    """

    __slots__ = (
        "_addresses",
        "_cnames",
        "_kinds",
        "_set",
        "_sets",
        "_tried",
        "_tries",
        "_turn",
        "_why",
        "host",
        "name",
    )

    def __init__(
        self, host: str, name: str, kinds: Sequence[int], sets: Sequence[Sequence[str]], tries: int, turn: int
    ) -> None:
        self.host = host
        self.name = name
        self._kinds = list(kinds)
        self._sets = sets
        self._tries = tries
        self._turn = turn
        self._set = 0
        self._tried = 0
        self._why: dict[int, str] = {}
        self._addresses: dict[str, None] = {}
        self._cnames: tuple[str, ...] = ()

    @property
    def kind(self) -> int:
        """Type of the question that comes next."""
        return self._kinds[0]

    @property
    def server(self) -> str:
        """Whom to ask it."""
        servers = self._sets[self._set]
        return servers[(self._turn + self._tried) % len(servers)]

    def on_answer(self, answer: Answer) -> Failed | None:
        """Take in an answer; it may be without an address.

        Like its kin it returns why the host has no address, once that is known. Without that, it goes on while
        ``is_over`` is false.
        """
        self._cnames = self._cnames or answer.cnames
        if answer.broken:
            return self.on_refusal(answer.broken)
        self._addresses.update(dict.fromkeys(answer.addresses))
        return self._next_kind()

    def on_not_found(self, why: str) -> Failed | None:
        """There is no such name."""
        self._kinds.clear()
        return None if self._addresses else Failed(Stage.RESOLVE, Fault.NAME_NOT_FOUND, why[:_MOST_DETAIL_CHARACTERS])

    def on_refusal(self, why: str) -> Failed | None:
        """The server could or would not tell."""
        return self._next_server(why, min(self._tries, len(self._sets[self._set])))

    def on_silence(self) -> Failed | None:
        """The server did not answer in time."""
        return self._next_server(NO_ANSWER, self._tries)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to ask."""
        return not self._kinds

    def result(self, failure: Failed | None, *, v6_first: bool) -> Resolved:
        """What became of the host."""
        if failure is not None:
            return Resolved(self.host, cnames=self._cnames, failure=failure)
        found = ordered(self._addresses, v6_first=v6_first)
        return Resolved(self.host, found[:MOST_ADDRESSES], self._cnames, address_count=len(found))

    def _next_kind(self) -> Failed | None:
        del self._kinds[0]
        self._tried = 0
        self._why.clear()
        if self._kinds or self._addresses:
            return None
        return Failed(Stage.RESOLVE, Fault.NAME_NOT_FOUND, "the name has no address")

    def _next_server(self, why: str, most: int) -> Failed | None:
        if self._addresses:
            return self._next_kind()
        if why != NO_ANSWER or self._set not in self._why:
            self._why[self._set] = why
        self._tried += 1
        if self._tried < most:
            return None
        self._set += 1
        self._tried = 0
        return None if self._set < len(self._sets) else self._given_up()

    def _given_up(self) -> Failed:
        self._kinds.clear()
        is_silent = all(why == NO_ANSWER for why in self._why.values())
        told = "; second opinion: ".join(self._why.values())
        fault = Fault.TIMED_OUT if is_silent else Fault.DNS_FAILED
        return Failed(Stage.RESOLVE, fault, told[:_MOST_DETAIL_CHARACTERS])


def ordered(addresses: Iterable[str], *, v6_first: bool = False) -> tuple[str, ...]:
    """Distinct addresses, one family before the other, then by number: two rounds should meet the same machine."""
    distinct = set(addresses)
    if len(distinct) == 1:
        return tuple(distinct)
    return tuple(sorted(distinct, key=lambda address: ((":" in address) != v6_first, _packed(address))))


def _packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
