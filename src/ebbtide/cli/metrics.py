"""Metrics of a long run in the form of Prometheus: in a file, over HTTP on loopback, or both."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, start_http_server, write_to_textfile

from ebbtide.model.errors import ConfigurationError
from ebbtide.survey.progress import Progress

_FILE_EVERY_S = 5.0
_LOOPBACK = "127.0.0.1"
_PORT = re.compile(r"[0-9]{1,5}")
_HIGHEST_PORT = 65_535


class Metrics:
    """Gauges that follow the reports of a run."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._done = self._gauge("targets_done", "Targets that are done, by outcome", ("outcome",))
        self._total = self._gauge("targets", "Targets in all")
        self._in_flight = self._gauge("targets_in_flight", "Targets that are being asked")
        self._slowed = self._gauge("prefixes_slowed", "How often a prefix was slowed down")
        self._bugs = self._gauge("bugs", "Mistakes of ours that became a target's outcome")

    def follow(self, report: Progress) -> None:
        """Take in a report."""
        for outcome, count in report.outcomes.items():
            self._done.labels(outcome).set(count)
        self._total.set(report.total)
        self._in_flight.set(report.in_flight)
        self._slowed.set(report.slowed)
        self._bugs.set(report.bugs)

    def _gauge(self, name: str, meaning: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"ebbtide_{name}", meaning, labels, registry=self.registry)


@contextmanager
def given_out(path: Path | None, listen: str) -> Iterator[Callable[[Progress], None]]:
    """Keep metrics where a collector finds them.

    Args:
        path: File that is rewritten every few seconds, whole each time; ``None`` for none.
        listen: Address and port to serve them at, for example ``127.0.0.1:9464``; loopback where only a port is named;
            empty for nowhere.

    Yields:
        A function that takes each report.

    Raises:
        ConfigurationError: The file cannot be written, or the address not be served.
    """
    gauges = Metrics()
    with _in_file(path, gauges.registry) as write, _served(listen, gauges.registry):

        def watch(report: Progress) -> None:
            gauges.follow(report)
            write()

        yield watch


@contextmanager
def _in_file(path: Path | None, registry: CollectorRegistry) -> Iterator[Callable[[], None]]:
    if path is None:
        yield lambda: None
        return
    last_s = time.monotonic()

    def write() -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= _FILE_EVERY_S:
            last_s = time.monotonic()
            write_to_textfile(str(path), registry)

    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise ConfigurationError(
            f"metrics cannot be written to {path} ({error.strerror}).", remedy="Name another file with --metrics-file."
        ) from error
    yield write
    write_to_textfile(str(path), registry)


@contextmanager
def _served(listen: str, registry: CollectorRegistry) -> Iterator[None]:
    if not listen:
        yield
        return
    host, _, port = listen.rpartition(":")
    remedy = "Name a free port, as --metrics 127.0.0.1:9464."
    if not _PORT.fullmatch(port) or int(port) > _HIGHEST_PORT:
        raise ConfigurationError(f"{listen[:80]!r} is no address and port.", where="--metrics", remedy=remedy)
    try:
        server, _ = start_http_server(int(port), host.strip("[]") or _LOOPBACK, registry)
    except (OSError, UnicodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"metrics cannot be served at {listen[:80]!r}: {told}.", remedy=remedy) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
