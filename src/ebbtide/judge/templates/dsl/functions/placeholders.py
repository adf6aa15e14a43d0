"""What stands for a random value: the same each time, so that an answer can be judged again."""

import hashlib
from string import ascii_letters, digits

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.values import DslError, Value, as_text, as_whole

_MOST = 4096


def _drawn(name: str, alphabet: str) -> Function:
    """So many characters as the first argument says, from the alphabet of the last one if there is one."""

    def draw(arguments: Arguments) -> Value:
        count = as_whole(arguments[0])
        letters = as_text(arguments[-1]) if len(arguments) > 1 else alphabet.encode()
        if not 0 <= count <= _MOST or not letters:
            raise DslError("so many characters are not drawn")
        stream = _stream(name, count)
        return bytes([letters[each % len(letters)] for each in stream])

    return takes(1, 2)(draw)


def _stream(name: str, count: int) -> bytes:
    made = b""
    while len(made) < count:
        made += hashlib.blake2b(f"{name} {count} {len(made)}".encode()).digest()
    return made[:count]


@takes(1, 2)
def _rand_char(arguments: Arguments) -> Value:
    letters = as_text(arguments[0])
    if not letters:
        raise DslError("there is nothing to draw from")
    return letters[_stream("rand_char", 1)[0] % len(letters) :][:1]


@takes(0, 2)
def _rand_int(arguments: Arguments) -> Value:
    least = as_whole(arguments[0]) if arguments else 0
    most = as_whole(arguments[1]) if len(arguments) > 1 else 2_147_483_647
    if most < least:
        raise DslError("the least is larger than the most")
    drawn = int.from_bytes(hashlib.blake2b(f"rand_int {least} {most}".encode(), digest_size=8).digest(), "big")
    return float(least + drawn % (most - least + 1))


PLACEHOLDERS: dict[str, Function] = {
    "rand_base": _drawn("rand_base", ascii_letters + digits),
    "rand_text_alphanumeric": _drawn("rand_text_alphanumeric", ascii_letters + digits),
    "rand_text_alpha": _drawn("rand_text_alpha", ascii_letters),
    "rand_text_numeric": _drawn("rand_text_numeric", digits),
    "rand_char": _rand_char,
    "rand_int": _rand_int,
}
