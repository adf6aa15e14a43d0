"""Certificates of every kind, servers that shake hands with them, and octets that only a hostile server sends."""

import contextlib
import datetime as dt
import socket
import ssl
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def write_certificate(
    path: Path,
    *,
    key: PrivateKey | None = None,
    common_name: str = "tide.test",
    names: Sequence[x509.GeneralName] = (),
    days: tuple[int, int] = (-10, 10),
    copies: int = 1,
) -> x509.Certificate:
    """Write key and certificate to ``path``; ``days`` are its validity's ends from now, ``copies`` make a chain."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM) * copies)
    return certificate


def write_sha1_certificate(path: Path) -> None:
    """A certificate signed with SHA-1, which only the command line still makes."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -sha1 -subj /CN=sha1.test -days 10 -keyout - -out -"
    path.write_bytes(subprocess.run(command.split(), capture_output=True, check=True).stdout)


def alert(number: int, *, is_fatal: bool = True) -> bytes:
    """A record with one alert, in plain."""
    return bytes([0x15, 3, 3, 0, 2, 2 if is_fatal else 1, number])


def server_hello_without_renegotiation_info(cipher: int = 0xC02F) -> bytes:
    """The first answer of a TLS 1.2 server from before RFC 5746: it has no extensions at all."""
    hello = b"\x03\x03" + b"r" * 32 + b"\0" + struct.pack(">H", cipher) + b"\0"
    message = b"\x02" + len(hello).to_bytes(3, "big") + hello
    return b"\x16\x03\x03" + struct.pack(">H", len(message)) + message


def first_flight(context: ssl.SSLContext, hello: bytes) -> bytes:
    """What a server answers to a ClientHello, in one piece."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(hello)
    with contextlib.suppress(ssl.SSLWantReadError):
        server.do_handshake()
    return outgoing.read()


def half_a_flight(context: ssl.SSLContext, then: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """Answer a ClientHello with half of what is due, and go on with ``then``."""

    def handler(connection: socket.socket) -> None:
        flight = first_flight(context, connection.recv(65536))
        connection.sendall(flight[: len(flight) // 2])
        then(connection)

    return handler


def key_updates(keylog: Path, count: int) -> bytes:
    """So many KeyUpdate messages of a TLS 1.3 server that has sent nothing since its handshake, no tickets either.

    Args:
        keylog: What the server's context wrote; the last handshake in it counts (TLS_AES_256_GCM_SHA384).
        count: Each is a record of 27 octets that wants to be answered.
    """
    lines = [line.split() for line in keylog.read_text().splitlines()]
    secret = bytes.fromhex([line[2] for line in lines if line[0] == "SERVER_TRAFFIC_SECRET_0"][-1])
    message = b"\x18\x00\x00\x01\x01" + b"\x16"
    header = b"\x17\x03\x03" + struct.pack(">H", len(message) + 16)
    records = []
    for _ in range(count):
        key, nonce = _expand(secret, b"key", 32), _expand(secret, b"iv", 12)
        records.append(header + AESGCM(key).encrypt(nonce, message, header))
        secret = _expand(secret, b"traffic upd", 48)
    return b"".join(records)


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446, 7.1)."""
    full = b"tls13 " + label
    info = struct.pack(">H", length) + bytes([len(full)]) + full + b"\0"
    return HKDFExpand(hashes.SHA384(), length, info).derive(secret)
