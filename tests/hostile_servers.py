"""Raw servers on loopback that do one odd thing to whoever calls; threads, so that no loop is shared with the probe."""

import contextlib
import datetime as dt
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Handler = Callable[[socket.socket], None]
PATIENCE_S = 20.0
UNREAD_S = 1.5


@contextlib.contextmanager
def serve(handler: Handler, address: str = "127.0.0.1") -> Iterator[int]:
    """Call ``handler`` with every connection, one thread each; yields the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen(100)
    threads: list[threading.Thread] = []
    is_over = threading.Event()

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(PATIENCE_S)
            handler(connection)

    def accept() -> None:
        while not is_over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=handle, args=(connection,))
            thread.start()
            threads.append(thread)

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        is_over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for thread in threads:
            thread.join()


def read_request(connection: socket.socket) -> bytes:
    """Read to the end of a request's head, or what there is before the other side closes."""
    octets = b""
    while b"\r\n\r\n" not in octets:
        piece = connection.recv(65536)
        if not piece:
            break
        octets += piece
    return octets


def wait_for_close(connection: socket.socket) -> None:
    """Read and forget until the other side closes."""
    while connection.recv(65536):
        pass


def reset(connection: socket.socket) -> None:
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answer(octets: bytes, *, then: Handler = wait_for_close) -> Handler:
    """Read a request, answer with ``octets``, and go on with ``then``."""

    def handler(connection: socket.socket) -> None:
        if read_request(connection):
            connection.sendall(octets)
            then(connection)

    return handler


def make_certificate(folder: Path) -> tuple[Path, bytes]:
    """A self-signed certificate: the file with key and certificate, and the certificate's DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tide.test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now - dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path, certificate.public_bytes(serialization.Encoding.DER)


def server_context(pem: Path, **settings: ssl.TLSVersion) -> ssl.SSLContext:
    """A server's TLS with a certificate that expired; ``lowest`` and ``highest`` set its versions."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(pem)
    if "lowest" in settings:
        context.minimum_version = settings["lowest"]
    if "highest" in settings:
        context.maximum_version = settings["highest"]
    context.set_alpn_protocols(["http/1.1"])
    return context


def over_tls(context: ssl.SSLContext, handler: Handler) -> Handler:
    """``handler`` behind a handshake."""

    def wrapped(connection: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secure:
            handler(secure)

    return wrapped


def wait_unread(connection: socket.socket) -> None:
    """Read nothing, until the other side is gone; its FIN may never arrive behind what we leave unread."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    poll.poll(UNREAD_S * 1000)


def after_first_octet(then: Handler) -> Handler:
    """Wait until something comes in, then go on."""

    def handler(connection: socket.socket) -> None:
        connection.recv(1)
        then(connection)

    return handler


def close_for_writing(connection: socket.socket) -> None:
    """Send the end of our octets and leave the other side's unread."""
    connection.shutdown(socket.SHUT_WR)
    wait_unread(connection)


def send(octets: bytes) -> Handler:
    """Send ``octets`` and nothing more."""

    def handler(connection: socket.socket) -> None:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        wait_for_close(connection)

    return handler


def drip(head: bytes) -> Handler:
    """Answer with ``head``, then one octet every twentieth of a second until the other side is gone."""

    def handler(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(head)
        poll = select.poll()
        poll.register(connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        while not poll.poll(50):
            connection.sendall(b".")

    return handler


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose queue of connections is full: further calls are not answered."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port that is bound, so that nobody else takes it, and not listened on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
