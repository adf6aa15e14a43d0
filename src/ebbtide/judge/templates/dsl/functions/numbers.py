"""Functions on numbers and addresses."""

from ipaddress import IPv4Address, ip_address

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.values import DslError, Value, as_number, as_text, as_whole


def _from_base(base: int, prefix: str) -> Function:
    def read(arguments: Arguments) -> Value:
        text = as_text(arguments[0]).decode("latin-1").strip().lower().removeprefix(prefix)
        try:
            return float(int(text.replace("_", "?"), base))
        except ValueError as error:
            raise DslError(f"this is no number to the base of {base}") from error

    return takes(1)(read)


@takes(1)
def _dec_to_hex(arguments: Arguments) -> Value:
    return f"{as_whole(arguments[0]):x}".encode()


@takes(2)
def _ip_format(arguments: Arguments) -> Value:
    """An address in another of its written forms: as usual, octal, hexadecimal, as one number, mapped into IPv6."""
    try:
        address = ip_address(as_text(arguments[0]).decode("latin-1"))
    except ValueError as error:
        raise DslError("this is no address") from error
    forms = {b"1": str(address), b"7": address.exploded}
    if isinstance(address, IPv4Address):
        forms = {
            b"1": str(address),
            b"3": ".".join(f"0{part:o}" if part else "0" for part in address.packed),
            b"4": ".".join(f"{part:#x}" for part in address.packed),
            b"5": str(int(address)),
            b"6": f"{int(address):#x}",
            b"7": f"::ffff:{address}",
        }
    form = as_text(arguments[1])
    if form not in forms:
        raise DslError("there is no such form of this address")
    return forms[form].encode()


NUMBERS: dict[str, Function] = {
    "to_number": takes(1)(lambda arguments: as_number(arguments[0])),
    "to_string": takes(1)(lambda arguments: as_text(arguments[0])),
    "dec_to_hex": _dec_to_hex,
    "hex_to_dec": _from_base(16, "0x"),
    "oct_to_dec": _from_base(8, "0o"),
    "bin_to_dec": _from_base(2, "0b"),
    "ip_format": _ip_format,
}
