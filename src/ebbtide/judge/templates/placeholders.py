"""Names in double braces that stand for the target, and the path of a request without its address."""

import hashlib
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from ebbtide.model.targets import Scheme, Target

ABSENT = "absent"
"""Our own placeholder: the random name that a target certainly does not have."""

TARGET_NAMES = frozenset({"BaseURL", "RootURL", "Hostname", "Host", "Port", "Path", "Scheme", ABSENT})

_ABSENT_MARK = f"{{{{{ABSENT}}}}}"
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_ADDRESS = re.compile(
    r"(?:\{\{BaseURL\}\}|\{\{RootURL\}\}|(?:https?|\{\{Scheme\}\})://(?:\{\{Hostname\}\}|\{\{Host\}\}:\{\{Port\}\}))"
)
_ABSENT_DIGITS = re.compile(r"/([0-9a-f]{16})(?:\.[0-9A-Za-z]*)?")
_SAFE_IN_PATH = "".join(chr(code) for code in range(0x21, 0x7F))
_ABSENT_BYTES = 8


def absent_name(salt: bytes, target_id: bytes) -> str:
    """16 hexadecimal digits that a resumed run asks again and that nobody can foresee.

    Args:
        salt: The survey's secret; only its first 64 bytes are the key.
        target_id: 16 bytes.
    """
    return hashlib.blake2b(target_id, key=salt[:64], digest_size=_ABSENT_BYTES).hexdigest()


def absent_folder(salt: bytes, target_id: bytes) -> str:
    """The path of another such name, in the shape of a folder: ``/name/``; see ``absent_name``."""
    name = hashlib.blake2b(target_id, key=salt[:64], digest_size=_ABSENT_BYTES, person=b"folder").hexdigest()
    return f"/{name}/"


def absent_name_in(path: str) -> str:
    """The absent name that a request of the core plan asked for; empty if the path is not such a request's."""
    found = _ABSENT_DIGITS.fullmatch(path)
    return found.group(1) if found else ""


def placeholders_in(text: str) -> tuple[str, ...]:
    """The names in double braces, in order."""
    return tuple(match.group(1) for match in _PLACEHOLDER.finditer(text))


def replace_placeholders(text: str, value_of: Callable[[str], str]) -> str:
    """Put in place of each placeholder what ``value_of`` gives for what stands between its braces."""
    return _PLACEHOLDER.sub(lambda match: value_of(match.group(1)), text) if "{{" in text else text


def path_without_address(text: str) -> str | None:
    """The path template of a request to the target itself; ``None`` when it goes to another host or port.

    The fragment is left out: it is never sent.
    """
    address = _ADDRESS.match(text)
    rest = text[address.end() :] if address else text
    rest = rest.partition("#")[0]
    if not address and not rest.startswith("/"):
        return None
    if not rest or rest.startswith("?"):
        return f"/{rest}"
    return rest if rest.startswith("/") else None


def without_own_address(text: str) -> str:
    """The text with every mention of the target's own address taken out."""
    return _ADDRESS.sub("", text)


def target_values(target: Target, absent: str) -> dict[str, str]:
    """What each placeholder stands for at one target."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    url = target.base_url
    _, _, host_field = url.partition("://")
    return {
        "BaseURL": url,
        "RootURL": url,
        "Hostname": host_field,
        "Host": host,
        "Port": str(target.port),
        "Path": "",
        "Scheme": "https" if target.scheme is Scheme.HTTPS else "http",
        ABSENT: absent,
    }


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of their names; unknown names stay as they stand."""
    if _ABSENT_MARK in text and ABSENT in values:
        text = text.replace(_ABSENT_MARK, values[ABSENT])
    if "{{" not in text:
        return text
    return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), match.group(0)), text)


def request_path(template: str, values: Mapping[str, str]) -> str:
    """The path to send: names filled in, everything beyond printable ASCII percent-encoded."""
    path = fill_in(template, values) if "{{" in template else template
    is_plain = path.isascii() and path.isprintable() and " " not in path
    return path if is_plain else quote(path, safe=_SAFE_IN_PATH)
