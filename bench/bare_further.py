"""Several GETs a host over one connection by a bare epoll loop: nothing is read but lengths, nothing is kept.

The floor for what a further request costs beside the first: kernel calls, and the least Python around them.
"""

import argparse
import json
import resource
import select
import socket
from collections.abc import Iterator

READ_BYTES = 65_536
INTERESTS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET | select.EPOLLRDHUP


class Connection:
    """One host: what it is asked, and how much of the answer under way is still to come."""

    def __init__(self, address: str, port: int, requests: list[bytes]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.connect_ex((address, port))
        self._requests = iter(requests)
        self._missing = 0
        self.octets = 0

    def go_on(self) -> bool:
        """Send the first request, or read and send the next; whether there is more to come."""
        if not self.octets and not self._missing:
            self._missing = -1
            return self._ask()
        while True:
            try:
                data = self.socket.recv(READ_BYTES)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._take(data)
            if not self._missing:
                self._missing = -1
                if not self._ask():
                    return False
            if len(data) < READ_BYTES:
                return True

    def _take(self, data: bytes) -> None:
        if self._missing < 0:
            length = data.index(b"Content-Length: ") + len(b"Content-Length: ")
            self._missing = data.index(b"\r\n\r\n") + 4 + int(data[length : data.index(b"\r", length)])
        self._missing -= len(data)
        self.octets += len(data)

    def _ask(self) -> bool:
        request = next(self._requests, None)
        if request is not None:
            self.socket.send(request)
        return request is not None


def main() -> None:
    """Ask and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=5000)
    parser.add_argument("--addresses", type=int, default=5000)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--first-octets", default="127.10")
    parser.add_argument("--requests", type=int, default=1)
    given = parser.parse_args()
    addresses = [
        f"{given.first_octets}.{number >> 8 & 255}.{number & 255}"
        for number in range(min(given.hosts, given.addresses))
    ]
    requests = [
        f"GET /?{number} HTTP/1.1\r\nHost: x\r\nUser-Agent: ebbtide-bench\r\nAccept: */*\r\n\r\n".encode()
        for number in range(given.requests)
    ]
    waiting = (addresses[number % len(addresses)] for number in range(given.hosts))
    open_now: dict[int, Connection] = {}
    epoll = select.epoll()

    def dial(count: int, rest: Iterator[str] = waiting) -> None:
        for _, address in zip(range(count), rest, strict=False):
            connection = Connection(address, given.port, requests)
            open_now[connection.socket.fileno()] = connection
            epoll.register(connection.socket.fileno(), INTERESTS)

    done = octets = 0
    dial(given.in_flight)
    while open_now:
        for descriptor, _ in epoll.poll():
            connection = open_now.get(descriptor)
            if connection is not None and not connection.go_on():
                del open_now[descriptor]
                connection.socket.close()
                done, octets = done + 1, octets + connection.octets
                dial(1)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"what": "bare_further", "ok": done, "bytes": octets, "cpu_s": usage.ru_utime + usage.ru_stime}))


if __name__ == "__main__":
    main()
