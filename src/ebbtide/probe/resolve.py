"""Names to addresses, many at once, over c-ares."""

import heapq
import time
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count
from types import MappingProxyType

import pycares

from ebbtide.conduct.names import canonical_name
from ebbtide.frame.ids import canonical_address
from ebbtide.model.configuration import NamesSection
from ebbtide.model.errors import FrameError
from ebbtide.model.outcomes import Failed, Fault, Stage
from ebbtide.probe.answers import Answer, read_answer
from ebbtide.probe.lookup import Lookup, Resolved
from ebbtide.probe.nameserver import NameServer, Reply, Wires, system_nameservers
from ebbtide.probe.nameservers import nameserver_sets
from ebbtide.probe.pacing import Pace
from ebbtide.probe.unfound import Unfound

_TICK_S = 0.05
_LOST_AFTER = 4
"""Times the timeout, after which c-ares must have spoken; a question that it forgot must not hold up a survey."""
_KINDS = MappingProxyType(
    {
        "ipv4": (pycares.QUERY_TYPE_A,),
        "ipv6": (pycares.QUERY_TYPE_AAAA,),
        "ipv4_first": (pycares.QUERY_TYPE_A, pycares.QUERY_TYPE_AAAA),
        "ipv6_first": (pycares.QUERY_TYPE_A, pycares.QUERY_TYPE_AAAA),
    }
)
_LOOPBACK = MappingProxyType(
    {
        "ipv4": ("127.0.0.1",),
        "ipv6": ("::1",),
        "ipv4_first": ("127.0.0.1", "::1"),
        "ipv6_first": ("::1", "127.0.0.1"),
    }
)
_NOT_FOUND = frozenset({pycares.errno.ARES_ENOTFOUND, pycares.errno.ARES_EBADNAME, pycares.errno.ARES_EBADQUERY})
_NOTHING = Answer()


def resolve_hosts(
    hosts: Iterable[str], settings: NamesSection | None = None, unfound: Unfound | None = None
) -> Iterator[Resolved]:
    """Look up the addresses of every host.

    Args:
        hosts: Canonical names or addresses; pulled only as look-ups come free. An address stands for itself, and so do
            ``localhost`` and the names below it (RFC 6761, 6.3); names below ``onion`` are never asked for (RFC 7686).
        settings: ``[names]``; its defaults if it is left out.
        unfound: Failures of this run, which are not looked up again; those of this call are added.

    Yields:
        What became of each host, in the order in which it became known.

    Raises:
        ConfigurationError: A name server of the settings is no address.
    """
    resolving = _Resolving(settings or NamesSection(), unfound or Unfound())
    try:
        yield from resolving.run(iter(hosts))
    finally:
        resolving.close()


class _Sent:
    """A question under way."""

    __slots__ = ("is_open", "lookup", "sent_s")

    def __init__(self, lookup: Lookup, sent_s: float) -> None:
        self.lookup = lookup
        self.sent_s = sent_s
        self.is_open = True


class _Resolving:
    """All look-ups of one call; each has one question under way, waits for its turn, or waits to repeat itself."""

    def __init__(self, settings: NamesSection, unfound: Unfound) -> None:
        self._settings = settings
        self._unfound = unfound
        self._sets = nameserver_sets(settings, system_nameservers())
        self._wires = Wires()
        self._servers: dict[str, NameServer] = {}
        self._pace = Pace(settings.questions_per_s)
        self._turn = count()
        self._ties = count()
        self._under_way = 0
        self._ready: deque[Lookup] = deque()
        self._later: list[tuple[float, int, Lookup]] = []
        self._sent: deque[_Sent] = deque()
        self._replies: deque[tuple[_Sent, Reply]] = deque()
        self._done: deque[Resolved] = deque()
        self._ticked_s = time.monotonic()

    def run(self, hosts: Iterator[str]) -> Iterator[Resolved]:
        has_more = True
        while has_more or self._under_way:
            has_more = self._fill(hosts) and has_more
            while self._done:
                yield self._done.popleft()
            if has_more or self._under_way:
                self._listen(has_more=has_more)
        yield from self._done

    def close(self) -> None:
        for server in self._servers.values():
            server.close()
        self._wires.close()

    def _fill(self, hosts: Iterator[str]) -> bool:
        """Send what may be sent now; false when no host is left."""
        now_s = time.monotonic()
        while self._later and self._later[0][0] <= now_s:
            self._ready.append(heapq.heappop(self._later)[2])
        while self._pace.next_s <= now_s:
            if self._ready:
                self._ask(self._ready.popleft(), now_s)
            elif self._under_way + len(self._done) >= self._settings.in_flight:
                return True
            else:
                host = next(hosts, None)
                if host is None:
                    return False
                self._begin(host)
        return True

    def _begin(self, host: str) -> None:
        known = self._known(host)
        if isinstance(known, Resolved):
            self._done.append(known)
            return
        kinds = _KINDS[self._settings.families]
        self._under_way += 1
        self._ready.append(Lookup(host, known, kinds, self._sets, self._settings.tries, next(self._turn)))

    def _known(self, host: str) -> Resolved | str:
        """What needs no question; else the name to ask for."""
        failed = self._unfound.recall(host)
        if failed is not None:
            return failed
        if ":" in host or host.rpartition(".")[2].isdigit():
            try:
                return Resolved(host, (canonical_address(host),), address_count=1)
            except FrameError:
                return _not_found(host, "it is neither a name nor an address")
        try:
            name = canonical_name(host)
        except ValueError as error:
            return _not_found(host, str(error))
        top = name.rpartition(".")[2]
        if top == "localhost":
            loopback = _LOOPBACK[self._settings.families]
            return Resolved(host, loopback, address_count=len(loopback))
        return _not_found(host, "names below onion are not in the DNS") if top == "onion" else name

    def _ask(self, lookup: Lookup, now_s: float) -> None:
        self._pace.take(now_s)
        sent = _Sent(lookup, now_s)
        self._sent.append(sent)
        server = self._servers.get(lookup.server)
        if server is None:
            server = self._servers[lookup.server] = NameServer(lookup.server, self._settings.timeout_s, self._wires)
        server.ask(lookup.name, lookup.kind, partial(self._heard, sent))

    def _heard(self, sent: _Sent, reply: Reply) -> None:
        """Called by c-ares, which would swallow whatever is raised here."""
        self._replies.append((sent, reply))

    def _listen(self, *, has_more: bool) -> None:
        """Wait for the next thing to happen, and take it in."""
        self._wires.process(0.0 if self._replies else self._wait_s(has_more=has_more))
        now_s = time.monotonic()
        if now_s - self._ticked_s >= _TICK_S:
            self._ticked_s = now_s
            for server in self._servers.values():
                server.process_timeouts()
        while self._replies:
            sent, reply = self._replies.popleft()
            if sent.is_open:
                sent.is_open = False
                self._take(sent, reply)
        self._miss_lost(now_s - _LOST_AFTER * self._settings.timeout_s)

    def _wait_s(self, *, has_more: bool) -> float:
        now_s = time.monotonic()
        until_s = now_s + _TICK_S
        if self._later:
            until_s = min(until_s, max(self._later[0][0], self._pace.next_s))
        if self._ready or (has_more and self._under_way < self._settings.in_flight):
            until_s = min(until_s, self._pace.next_s)
        return max(0.0, until_s - now_s)

    def _take(self, sent: _Sent, reply: Reply) -> None:
        lookup, error = sent.lookup, reply.error
        if reply.result is not None:
            self._go_on(lookup, lookup.on_answer(read_answer(lookup.name, reply.result.answer)))
        elif error == pycares.errno.ARES_ENODATA:
            self._go_on(lookup, lookup.on_answer(_NOTHING))
        elif error in _NOT_FOUND:
            self._go_on(lookup, lookup.on_not_found(_text(error)))
        elif error == pycares.errno.ARES_ETIMEOUT:
            # By the time for a repetition a slow server has the answer in its memory.
            self._go_on(lookup, lookup.on_silence(), not_before_s=sent.sent_s + self._settings.timeout_s)
        else:
            self._go_on(lookup, lookup.on_refusal(_text(error)))

    def _go_on(self, lookup: Lookup, failure: Failed | None, *, not_before_s: float = 0.0) -> None:
        if failure is not None or lookup.is_over:
            resolved = lookup.result(failure, v6_first=self._settings.families == "ipv6_first")
            self._unfound.note(resolved)
            self._under_way -= 1
            self._done.append(resolved)
        elif not_before_s:
            heapq.heappush(self._later, (not_before_s, next(self._ties), lookup))
        else:
            self._ready.append(lookup)

    def _miss_lost(self, before_s: float) -> None:
        """Give up questions of which c-ares never spoke again."""
        while self._sent and (not self._sent[0].is_open or self._sent[0].sent_s < before_s):
            sent = self._sent.popleft()
            if sent.is_open:
                sent.is_open = False
                self._go_on(sent.lookup, sent.lookup.on_silence())


def _not_found(host: str, why: str) -> Resolved:
    return Resolved(host, failure=Failed(Stage.RESOLVE, Fault.NAME_NOT_FOUND, why))


def _text(error: int | None) -> str:
    """What c-ares calls an error."""
    return str(pycares.errno.strerror(error or 0))
