"""Bytes from the network as UTF-8 that can be searched for characters."""

_STRAY = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


def normalise_text(data: bytes) -> bytes:
    """Give bytes as valid UTF-8: a byte that is none stands for the Latin-1 character of its number.

    ASCII bytes always stay what and in which order they are, so an ASCII literal occurs in the result exactly where it
    occurs in the data.
    """
    if data.isascii():
        return data
    text = data.decode("utf-8", "surrogateescape")
    return text.translate(_STRAY).encode("utf-8")
