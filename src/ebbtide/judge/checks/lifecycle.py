"""Whether a version that answers tell is one that its makers no longer mend. Of holes it says nothing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from ebbtide.judge.checks.records import EndOfLife
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.software.slugs import slug
from ebbtide.judge.templates.evidence import excerpt
from ebbtide.model.verdicts import CannotTell, CannotTellReason, Evidence, NotShown, Shown, Software, Verdict
from ebbtide.model.versions import version_numbers

_NOT_SHOWN = NotShown()
_MASKED = CannotTell(CannotTellReason.MASKED)
_BACKPORTED = CannotTell(CannotTellReason.BACKPORTED)
_EVIDENCE_NOT_KEPT = CannotTell(CannotTellReason.EVIDENCE_NOT_KEPT)

_DISTRIBUTIONS = (
    "alma", "amazon", "centos", "debian", "enterprise linux", "fedora", "oracle linux", "raspbian", "red hat", "rocky",
    "scientific linux", "suse", "ubuntu",
)  # fmt: skip
_PACKAGE_MARKS = ("ubuntu", "deb", "dfsg", ".el", ".fc", "-fips", "~", "amzn", "suse")
_NS_PER_S = 1_000_000_000


class Told(msgspec.Struct, frozen=True):
    """A version, and the place that told it.

    Attributes:
        version: As it stands there; empty if the product stands without one.
    """

    version: str
    evidence: Evidence


def judge_lifecycle(about: EndOfLife, seen: Seen, reference_date: str) -> Verdict:
    """Shown if every version that is told was past its makers' last day.

    Args:
        about: The product and its dates.
        seen: What was seen of one target.
        reference_date: ISO date of the round; empty means the day on which the target was asked.

    Returns:
        Cannot tell (masked) where the product is named without a version that decides, or where answers contradict
        each other; cannot tell (backported) where a distribution goes on mending the version.
    """
    told = list(dict.fromkeys(_told(about, seen)))
    versions = [each for each in told if version_numbers(each.version)]
    if not told and about.is_on_page and not all(each.is_body_kept for each in seen.exchanges[:1]):
        return _EVIDENCE_NOT_KEPT
    if not versions:
        return _MASKED if told else _NOT_SHOWN
    day = reference_date or _day_of(seen)
    is_distributed = about.is_packaged and _is_distribution(seen.software)
    verdicts = [_verdict(about, each, day, is_distributed=is_distributed) for each in versions]
    kinds = {type(verdict) for verdict in verdicts}
    return verdicts[0] if len(kinds) == 1 else _MASKED


def _verdict(about: EndOfLife, told: Told, day: str, *, is_distributed: bool) -> Verdict:
    lines = _lines_of(about, version_numbers(told.version))
    is_ended = [bool(end) and end < day for _, end in lines]
    if not any(is_ended):
        return _NOT_SHOWN
    if not all(is_ended):
        return _MASKED
    if _is_mended_elsewhere(about, told.version, day, is_distributed=is_distributed):
        return _BACKPORTED
    line, end = max(lines, key=lambda each: each[1])
    matcher = f"{'.'.join(map(str, line))} ended {end}"
    return Shown((msgspec.structs.replace(told.evidence, matcher=matcher),))


def _lines_of(about: EndOfLife, numbers: tuple[int, ...]) -> list[tuple[tuple[int, ...], str]]:
    """The line of a version with its last day.

    Returns:
        Several lines where the version does not say which it is. For one between those that are listed the next, which
        cannot have ended earlier; none for one beyond the last.
    """
    own = [each for each in about.lines if numbers[: len(each[0])] == each[0]]
    if own:
        return own[-1:]
    within = [each for each in about.lines if each[0][: len(numbers)] == numbers]
    return within or [each for each in about.lines if each[0] > numbers][:1]


def _told(about: EndOfLife, seen: Seen) -> Iterator[Told]:
    """What answers say of the product."""
    for row in seen.software:
        if row.family in about.products or slug(row.product) in about.products:
            yield Told(row.version, _evidence_of(row, seen))
    for exchange in seen.exchanges if about.tellings else ():
        for telling in about.tellings:
            is_page = telling.part == "body"
            for text in (exchange.body,) if is_page else exchange.field_values(telling.part.encode()):
                match = telling.regex.search(text)
                if match is not None:
                    version = (match.group(1) or b"").decode("ascii", "replace")
                    place = excerpt(text, match.start, match.end)
                    yield Told(version, Evidence(exchange.ordinal, telling.part, place))


def _evidence_of(row: Software, seen: Seen) -> Evidence:
    """The first answer that names a product in the part from which it is known."""
    mark = (row.version or row.product).encode()
    for exchange in seen.exchanges:
        texts = (exchange.body,) if row.part == "body" else exchange.field_values(row.part.encode())
        for text in texts:
            at = text.find(mark)
            if at >= 0:
                return Evidence(exchange.ordinal, row.part, excerpt(text, at, at + len(mark)))
    return Evidence(0, row.part, excerpt(f"{row.product} {row.version}".encode(), 0, 0))


def _is_distribution(software: Sequence[Software]) -> bool:
    """Whether the answers name a distribution that carries fixes back."""
    systems = (f"{row.vendor} {row.product}".lower() for row in software if row.role == "os")
    return any(name in system for system in systems for name in _DISTRIBUTIONS)


def _is_mended_elsewhere(about: EndOfLife, version: str, day: str, *, is_distributed: bool) -> bool:
    """Whether a distribution may go on mending a version that its makers have given up."""
    shipped = next((version[: version.index(mark)] for mark in "-+~" if mark in version), version)
    if shipped in about.distributed:
        return day <= about.distributed[shipped]
    return about.is_packaged and (is_distributed or any(mark in version.lower() for mark in _PACKAGE_MARKS))


def _day_of(seen: Seen) -> str:
    asked_at = seen.exchanges[0].asked_at_ns if seen.exchanges else 0
    return datetime.fromtimestamp(asked_at // _NS_PER_S, UTC).date().isoformat()
