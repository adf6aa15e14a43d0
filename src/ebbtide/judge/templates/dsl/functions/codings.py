"""Functions that code and decode."""

import base64
import binascii
import gzip
import html
import io
import zipfile
import zlib
from collections.abc import Callable
from urllib.parse import quote, unquote_to_bytes

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.functions.texts import as_characters, as_octets
from ebbtide.judge.templates.dsl.values import MOST_BYTES, DslError, Value, as_text, as_whole, bounded

_ESCAPED_ALWAYS = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&#39;", '"': "&#34;"})
_KEPT_IN_URL = "-_.!~*'()"
_NAMED = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "'": "&apos;", "/": "&sol;"}
_RAW = -zlib.MAX_WBITS


def _coded(change: Callable[[bytes], bytes]) -> Function:
    return takes(1)(lambda arguments: bounded(change(as_text(arguments[0]))))


def _decoded_base64(text: bytes) -> bytes:
    """Padding may lack; both alphabets."""
    cleaned = text.translate(bytes.maketrans(b"-_", b"+/"), b"\r\n").rstrip(b"=")
    try:
        return base64.b64decode(cleaned + b"=" * (-len(cleaned) % 4), validate=True)
    except binascii.Error as error:
        raise DslError("the text is no base64") from error


def in_lines_of_base64(octets: bytes) -> bytes:
    """Base64 as Python's ``encodebytes`` writes it, in lines of 76 characters, which icon hashes are made of."""
    return base64.encodebytes(octets)


@takes(1, 2)
def _hex_encode(arguments: Arguments) -> Value:
    digits = as_text(arguments[0]).hex()
    if len(arguments) == 1:
        return digits.encode()
    if arguments[1] != b"x":
        raise DslError("the form is x")
    return bounded("".join(f"\\x{digits[at : at + 2]}" for at in range(0, len(digits), 2)).encode())


def _hex_decode(text: bytes) -> bytes:
    try:
        return binascii.unhexlify(text.replace(b"\\x", b""))
    except binascii.Error as error:
        raise DslError("the text is no hexadecimal") from error


@takes(1, 2)
def _url_encode(arguments: Arguments) -> Value:
    text, is_all = as_text(arguments[0]), len(arguments) > 1 and arguments[1] is True
    return bounded(quote(text, safe="" if is_all else _KEPT_IN_URL).replace("%7E", "~").encode())


@takes(1, 2)
def _html_escape(arguments: Arguments) -> Value:
    text = as_characters(as_text(arguments[0]))
    if len(arguments) > 1 and arguments[1] is True:
        return bounded(as_octets("".join(_NAMED.get(each, f"&#{ord(each)};") for each in text)))
    return bounded(as_octets(text.translate(_ESCAPED_ALWAYS)))


def _unfolded(bits: int) -> Function:
    """Decoding by zlib, gzip or raw deflate, no further than the second argument says, and never too far."""

    def unfold(arguments: Arguments) -> Value:
        most = as_whole(arguments[1]) if len(arguments) > 1 else MOST_BYTES
        reader = zlib.decompressobj(bits)
        try:
            return reader.decompress(as_text(arguments[0]), max(1, min(most, MOST_BYTES)))
        except zlib.error as error:
            raise DslError("the octets are not coded so") from error

    return takes(1, 2)(unfold)


def _folded(bits: int) -> Callable[[bytes], bytes]:
    def fold(octets: bytes) -> bytes:
        writer = zlib.compressobj(wbits=bits)
        return writer.compress(octets) + writer.flush()

    return fold


def _gzip(octets: bytes) -> bytes:
    return gzip.compress(octets, mtime=0)


@takes(2, -1)
def _zip(arguments: Arguments) -> Value:
    if len(arguments) % 2:
        raise DslError("names and contents come in pairs")
    names = [as_characters(as_text(name)) or "_" for name in arguments[::2]]
    if len(set(names)) < len(names):
        raise DslError("a name is there twice")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in zip(names, arguments[1::2], strict=True):
            archive.writestr(zipfile.ZipInfo(name), as_text(content))
    return bounded(out.getvalue())


CODINGS: dict[str, Function] = {
    "base64": _coded(base64.b64encode),
    "base64_py": _coded(in_lines_of_base64),
    "base64_decode": _coded(_decoded_base64),
    "hex_encode": _hex_encode,
    "hex_decode": _coded(_hex_decode),
    "url_encode": _url_encode,
    "url_decode": _coded(lambda text: unquote_to_bytes(text.replace(b"+", b"%20"))),
    "html_escape": _html_escape,
    "html_unescape": _coded(lambda text: as_octets(html.unescape(as_characters(text)))),
    "gzip": _coded(_gzip),
    "gzip_decode": _unfolded(zlib.MAX_WBITS | 16),
    "zlib": _coded(_folded(zlib.MAX_WBITS)),
    "zlib_decode": _unfolded(zlib.MAX_WBITS),
    "deflate": _coded(_folded(_RAW)),
    "inflate": _unfolded(_RAW),
    "zip": _zip,
}
