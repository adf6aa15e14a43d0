"""From what a line says to a target: host, address, port, scheme, stratum and weight, each checked."""

import math
from urllib.parse import urlsplit

import msgspec

from ebbtide.frame.ids import canonical_address, canonical_host, is_address, shown, site_id, target_id
from ebbtide.frame.lines import Line
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import Scheme, SchemePolicy, Target, default_port

_SCHEMES = {str(scheme): scheme for scheme in Scheme}
_MOST_PORT = 65535
_MOST_PORT_DIGITS = 5
_MOST_STRATUM_CHARACTERS = 100


class Defaults(msgspec.Struct, frozen=True):
    """What holds where a line is silent.

    Attributes:
        policy: Which schemes are asked.
        port: ``None`` means the scheme's own.
    """

    policy: SchemePolicy = SchemePolicy.HTTP
    port: int | None = None
    stratum: str = ""

    def port_for(self, scheme: Scheme) -> int:
        """The port of a target whose line names none; the configured port belongs to the configured scheme."""
        is_configured = self.port is not None and self.policy.schemes == (scheme,)
        return self.port if self.port is not None and is_configured else default_port(scheme)


def make_targets(
    host: str,
    line: Line,
    defaults: Defaults,
    *,
    address: str = "",
    port: str = "",
    scheme: str = "",
    stratum: str = "",
    weight: str = "",
) -> tuple[Target, ...]:
    """Check each part of a line and put its targets together: one, or two if it names no scheme and both are asked.

    Args:
        host: Name or address as written.
        line: Where it stands, for errors.
        defaults: What holds for parts that are empty.
        address: The pinned address as written; empty, like all that follow, if the line is silent.
        port: As written.
        scheme: As written.
        stratum: As written.
        weight: As written.

    Returns:
        The targets with their ids. A host that is an address is pinned to itself. Only where the line names no scheme
        may a target fall back to the other one.

    Raises:
        FrameError: A part cannot be used; names file, line, value and remedy.
    """
    canonical = canonical_host(host, line.where)
    schemes = (parse_scheme(scheme, line),) if scheme else defaults.policy.schemes
    number = parse_port(port, line) if port else None
    pinned = canonical_address(address, line.where) if address else canonical if is_address(canonical) else ""
    stratum = _parse_stratum(stratum, line) if stratum else defaults.stratum
    units = _parse_weight(weight, line) if weight else 1.0
    site, falls_back = site_id(canonical), not scheme and defaults.policy.falls_back
    targets = []
    for chosen in schemes:
        at = number or defaults.port_for(chosen)
        identity = target_id(canonical, pinned or "*", at, chosen)
        targets.append(Target(identity, site, canonical, pinned, at, chosen, stratum, units, falls_back))
    return tuple(targets)


def list_targets(line: Line, defaults: Defaults) -> tuple[Target, ...]:
    """The targets of one line of a list: ``host``, ``host:port``, ``[v6]:port`` or a URL; a remark may follow.

    Raises:
        FrameError: The line names no target.
    """
    text = line.text
    if "#" in text or " " in text or "\t" in text:
        text, *rest = text.split(None, 1)
        if rest and not rest[0].startswith("#"):
            raise FrameError(
                f"{shown(line.text)} has more than one word.",
                where=line.where,
                remedy="Give one target a line, and start remarks with #.",
            )
    if "://" in text:
        return _url_targets(text, line, defaults)
    host, port = _split_port(text, line)
    return make_targets(host, line, defaults, port=port)


def _url_targets(text: str, line: Line, defaults: Defaults) -> tuple[Target, ...]:
    """A URL is not silent: without a port it means its scheme's own. Its path is not asked."""
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise FrameError(f"{shown(text)} is no URL.", where=line.where, remedy="Write http://host:port/.") from error
    if "@" in parts.netloc:
        raise FrameError(
            "the URL holds a user name, and nothing is asked with credentials.",
            where=line.where,
            remedy="Leave out what stands before the @.",
        )
    scheme = parse_scheme(parts.scheme, line)
    host, port = _split_port(parts.netloc, line)
    return make_targets(host, line, defaults, port=port or str(default_port(scheme)), scheme=scheme)


def _split_port(text: str, line: Line) -> tuple[str, str]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not host.endswith("]")):
        return text, ""
    if not port:
        raise FrameError(f"{shown(text)} has a colon but no port.", where=line.where, remedy="Write host:port.")
    return host, port


def parse_port(text: str, line: Line) -> int:
    """A port in plain digits.

    Raises:
        FrameError: It is not 1 to 65535.
    """
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_PORT_DIGITS else 0
    if not 1 <= number <= _MOST_PORT:
        raise FrameError(f"port {shown(text)} is no port.", where=line.where, remedy="Ports run from 1 to 65535.")
    return number


def parse_scheme(text: str, line: Line) -> Scheme:
    """The scheme http or https, in any case.

    Raises:
        FrameError: It is another one.
    """
    scheme = _SCHEMES.get(text.lower())
    if scheme is None:
        raise FrameError(f"scheme {shown(text)} is not asked.", where=line.where, remedy="Write http or https.")
    return scheme


def _parse_stratum(text: str, line: Line) -> str:
    if len(text) > _MOST_STRATUM_CHARACTERS or not text.isprintable():
        raise FrameError(
            f"stratum {shown(text)} is no name.", where=line.where, remedy="Use at most 100 printable characters."
        )
    return text


def _parse_weight(text: str, line: Line) -> float:
    try:
        weight = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight > 0):
        raise FrameError(
            f"weight {shown(text)} is not a positive number.", where=line.where, remedy="A census has weight 1."
        )
    return weight
