"""Functions that mix octets with a key; those that draw one by chance are not pure and stand elsewhere or nowhere."""

import base64
import hmac
import json
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.functions.texts import as_characters
from ebbtide.judge.templates.dsl.values import DslError, Value, as_text

_BLOCK = 16
_HASHES = {b"HS256": "sha256", b"HS384": "sha384", b"HS512": "sha512"}
_FORMATS = frozenset("bBhHiIlLqQfdx<>=!@?cs0123456789 ")


@takes(2, -1)
def _xor(arguments: Arguments) -> Value:
    """Octet by octet; shorter texts begin anew until the longest ends."""
    texts = [as_text(each) for each in arguments]
    longest = max(map(len, texts))
    if not all(texts):
        raise DslError("a text is empty")
    mixed = 0
    for each in texts:
        mixed ^= int.from_bytes((each * (longest // len(each) + 1))[:longest], "big")
    return mixed.to_bytes(longest, "big")


@takes(3)
def _aes_cbc(arguments: Arguments) -> Value:
    text, key, start = map(as_text, arguments)
    missing = _BLOCK - len(text) % _BLOCK
    try:
        writer = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    except ValueError as error:
        raise DslError("the key or the start has another length than AES takes") from error
    return writer.update(text + bytes([missing]) * missing) + writer.finalize()


@takes(3)
def _generate_jwt(arguments: Arguments) -> Value:
    """A token without a time of its own, signed with a shared key (RFC 7519), or not at all."""
    claims, name, key = map(as_text, arguments)
    try:
        said = json.dumps(json.loads(claims), separators=(",", ":"), sort_keys=True)
    except (ValueError, RecursionError) as error:
        raise DslError("the claims are no JSON") from error
    algorithm = name.upper() or b"NONE"
    if algorithm not in _HASHES and algorithm != b"NONE":
        raise DslError(f"the algorithm is NONE or one of {', '.join(each.decode() for each in _HASHES)}")
    shown = "none" if algorithm == b"NONE" else algorithm.decode()
    head = json.dumps({"alg": shown, "typ": "JWT"}, separators=(",", ":"))
    signed = b".".join(map(_plain, (head.encode(), said.encode())))
    mark = hmac.new(key, signed, _HASHES[algorithm]).digest() if algorithm in _HASHES else b""
    return signed + b"." + _plain(mark)


def _plain(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


@takes(2)
def _unpack(arguments: Arguments) -> Value:
    """One number by its format, as Python's ``struct`` writes formats."""
    form, octets = as_characters(as_text(arguments[0])), as_text(arguments[1])
    if not form or not _FORMATS.issuperset(form):
        raise DslError("the format is not understood")
    try:
        first = struct.unpack(form, octets)[0]
    except (struct.error, IndexError) as error:
        raise DslError("the octets do not fit the format") from error
    return first if isinstance(first, bytes | bool) else float(first)


CIPHERS: dict[str, Function] = {
    "xor": _xor,
    "aes_cbc": _aes_cbc,
    "generate_jwt": _generate_jwt,
    "unpack": _unpack,
}
