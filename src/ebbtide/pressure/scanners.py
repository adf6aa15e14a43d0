"""Blocks of logs, looked through in this process, or in several once a reading turns out to be long."""

import pickle
from collections.abc import Callable

from ebbtide.pressure.dialects.dialect import Dialect
from ebbtide.pressure.opening import Stretch
from ebbtide.pressure.scanning import BlockReport, Scanner, ScannerSettings, scan_block
from ebbtide.pressure.signatures.matching import SignatureSet
from ebbtide.pressure.sources import Neighbourhood, SourcePolicy
from ebbtide.workers.executors import ProcessExecutor, process_count

_BLOCKS_ALONE = 16
"""Blocks that this process looks through before it starts others: these take as long to start."""

_BLOCKS_WAITING = 2
"""Blocks under way or waiting for each process."""


class Scanners:
    """Looks through blocks; what it finds does not depend on where.

    Args:
        signatures: What is looked for.
        policy: How sources are kept.
        neighbourhood: Of our own address.
        processes: How many; 0 for one a core, once the reading is long; 1 for this process alone.
    """

    def __init__(
        self, signatures: SignatureSet, policy: SourcePolicy, neighbourhood: Neighbourhood, processes: int = 0
    ) -> None:
        self._alone = Scanner(signatures, policy, neighbourhood)
        settings = ScannerSettings(signatures.signatures, policy, neighbourhood.own)
        self._settings = pickle.dumps(settings, pickle.HIGHEST_PROTOCOL)
        self._processes = process_count(processes)
        self._blocks_alone = 0 if processes else _BLOCKS_ALONE
        self._others: ProcessExecutor | None = None
        self._submitted = 0

    @property
    def most_waiting(self) -> int:
        """How many blocks may be under way before one should wait for the first of them."""
        return self._processes * _BLOCKS_WAITING if self._others is not None else 0

    def submit(
        self, dialect: Dialect, data: bytes, stretch: Stretch | None = None, *, is_first: bool
    ) -> Callable[[], BlockReport]:
        """Look through a block, now or soon.

        Args:
            dialect: The log's own; what it knows now counts, whatever it learns later.
            data: Whole lines, each ended.
            stretch: Where the block stands in a file, if it does; another process then reads it from there.
            is_first: Whether it is the first of its log.

        Returns:
            What gives the report, when it is wanted.
        """
        state = pickle.dumps(dialect, pickle.HIGHEST_PROTOCOL)
        self._submitted += 1
        if self._processes == 1 or self._submitted <= self._blocks_alone:
            report = self._alone.scan(state, data, is_first=is_first)
            return lambda: report
        if self._others is None:
            self._others = ProcessExecutor(self._processes)
        future = self._others.submit(scan_block, self._settings, state, stretch or data, is_first)
        return lambda: future.result() or self._alone.scan(state, data, is_first=is_first)

    def close(self) -> None:
        """End the other processes."""
        if self._others is not None:
            self._others.stop()
            self._others = None
