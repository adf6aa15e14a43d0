"""What this machine can carry: open files and memory, read before anybody is asked."""

import resource
from pathlib import Path

import msgspec

from ebbtide.model.configuration import LimitsSection

RESERVED_DESCRIPTORS = 128
"""For journals, tables, pipes and whatever libraries hold open."""

BYTES_IN_FLIGHT = 96 << 10
"""A target in flight: sockets, buffers and half of an ordinary page; see ``bench/README.md``."""


def raise_descriptor_limit() -> int:
    """Admit as many open files as the system allows to this process and those that it starts; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def affordable(
    limits: LimitsSection, processes: int, descriptors: int, memory_bytes: int
) -> tuple[LimitsSection, tuple[str, ...]]:
    """Limits that the machine can carry, and a sentence for each thing that it could not.

    Args:
        limits: As configured.
        processes: Worker processes.
        descriptors: Open files that a process may have; not positive means no limit.
        memory_bytes: Free on this machine; 0 if that is not known.
    """
    said: list[str] = []
    most = limits.in_flight
    by_descriptors = max(1, descriptors - RESERVED_DESCRIPTORS)
    if descriptors > 0 and by_descriptors < most:
        said.append(
            f"{by_descriptors} instead of {most} targets in flight in each process: it may have {descriptors} open "
            "files. Raise the hard limit (ulimit -Hn) for more."
        )
        most = by_descriptors
    by_memory = max(1, memory_bytes // (2 * BYTES_IN_FLIGHT * processes))
    if memory_bytes and by_memory < most:
        said.append(
            f"{by_memory} instead of {most} targets in flight in each process: {memory_bytes >> 20} MB of memory are "
            "free, and half of them are used for targets in flight."
        )
        most = by_memory
    return msgspec.structs.replace(limits, in_flight=most), tuple(said)


def free_memory_bytes() -> int:
    """Memory that new work may take without swapping; 0 where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    for line in lines:
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) << 10
    return 0
