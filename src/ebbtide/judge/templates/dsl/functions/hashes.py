"""Hashes, which name icons and pages."""

import hashlib
import hmac

import mmh3

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.values import DslError, Value, as_text

_BY_KEY = {b"md5": "md5", b"sha1": "sha1", b"sha256": "sha256", b"sha512": "sha512"}


def _hashed(name: str) -> Function:
    return takes(1)(lambda arguments: hashlib.new(name, as_text(arguments[0])).hexdigest().encode())


@takes(3)
def _hmac(arguments: Arguments) -> Value:
    name, text, key = map(as_text, arguments)
    if name not in _BY_KEY:
        raise DslError(f"the hash is one of {', '.join(sorted(_BY_KEY.values()))}")
    return hmac.new(key, text, _BY_KEY[name]).hexdigest().encode()


@takes(1)
def _murmur3(arguments: Arguments) -> Value:
    """MurmurHash3, x86, 32 bits, signed, in decimal: as icons are named."""
    return str(mmh3.hash(as_text(arguments[0]))).encode()


HASHES: dict[str, Function] = {
    "md5": _hashed("md5"),
    "sha1": _hashed("sha1"),
    "sha256": _hashed("sha256"),
    "sha512": _hashed("sha512"),
    "hmac": _hmac,
    "mmh3": _murmur3,
}
