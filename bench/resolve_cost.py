"""What looking up a name costs us, and whether memory stays as it is: A and AAAA from a name server on loopback.

The name server is a process of its own, in Python too, and its processor time is not counted. Prints one line of JSON.
"""

import argparse
import json
import resource
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ebbtide.model.configuration import NamesSection
from ebbtide.probe.resolve import resolve_hosts

_AAAA = 28
_NAME_ENDS_BEFORE = 4
_SERVE = "serve"
_PARTS = 5
_PAGE_KIB = resource.getpagesize() // 1024

Section = dict[str, object]


def resolve_cost(names: int, in_flight: int) -> Section:
    """Look names up, each with an alias, an IPv4 and an IPv6 address.

    Args:
        names: How many, all distinct.
        in_flight: At the same time.

    Returns:
        Processor time a name without the start of the program, and memory at a fifth and at the end.
    """
    memory: list[int] = []
    failed = 0
    with _name_server() as server:
        settings = NamesSection(
            nameservers=(server,), second_nameservers=(server,), in_flight=in_flight, questions_per_s=0
        )
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        hosts = (f"h{number}.bench.test" for number in range(names))
        for number, resolved in enumerate(resolve_hosts(hosts, settings), 1):
            failed += resolved.failure is not None
            if number % (names // _PARTS) == 0:
                memory.append(_resident_kib())
        cpu_s, wall_s = time.process_time() - began_cpu_s, time.perf_counter() - began_s
    return {
        "names": names,
        "failed": failed,
        "cpu_us_per_name": round(1e6 * cpu_s / names, 1),
        "names_per_s": round(names / wall_s),
        "resident_kib": memory,
        "memory_growth": round(memory[-1] / memory[0], 3),
    }


def _resident_kib() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_KIB


@contextmanager
def _name_server() -> Iterator[str]:
    with subprocess.Popen([sys.executable, __file__, _SERVE], stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"127.0.0.1:{(server.stdout or sys.stdin).readline().strip()}"
        finally:
            server.kill()


def _serve() -> None:
    """Answer every question with an alias and one address of its family, until killed."""
    alias = b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 60, 8) + b"\x05front" + b"\xc0\x0c"
    v4 = struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_pton(socket.AF_INET, "127.0.0.9")
    v6 = struct.pack(">HHIH", _AAAA, 1, 60, 16) + socket.inet_pton(socket.AF_INET6, "::9")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        server.bind(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        while True:
            query, sender = server.recvfrom(4096)
            end = query.index(b"\0", 12) + 1 + _NAME_ENDS_BEFORE
            front = struct.pack(">H", 0xC000 | end + 12)
            data = front + (v6 if query[end - 3] == _AAAA else v4)
            server.sendto(query[:2] + b"\x81\x80\0\1\0\2\0\0\0\0" + query[12:end] + alias + data, sender)


def main() -> None:
    if sys.argv[1:] == [_SERVE]:
        _serve()
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--names", type=int, default=50_000)
    arguments.add_argument("--in-flight", type=int, default=200)
    given = arguments.parse_args()
    print(json.dumps(resolve_cost(given.names, given.in_flight)))


if __name__ == "__main__":
    main()
