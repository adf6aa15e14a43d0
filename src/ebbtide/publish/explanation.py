"""Why a number moved, in plain words and as a waterfall: a pure function of the split."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import msgspec

from ebbtide.publish.formatting import round_words
from ebbtide.publish.plain_text import plain
from ebbtide.publish.words import check_words, family_words, unit_words

_FAMILY = "family:"
_SMALL = 0.1
_CAUSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "behaviour": ("change in the same servers", "{units} that were judged both times changed"),
        "reclassified": ("a new judgement of the same evidence", "the same evidence is judged otherwise"),
        "plan": ("a change of plan", "{units} were asked in one round and not in the other"),
        "frame_added": ("newcomers to the list", "{units} came into the list"),
        "frame_removed": ("names gone from the list", "{units} left the list"),
        "renumbered": ("other addresses of the same names", "{units} have gone or come because names moved"),
        "answered_again": ("servers that answer again", "{units} that had not answered do"),
        "lost_refused": ("lost from sight, refused", "{units} now refuse connections"),
        "lost_silent": ("lost from sight, silent", "{units} fell silent"),
        "lost_blocked": ("lost from sight, blocked us", "{units} cut us off"),
        "lost_otherwise": ("lost from sight, otherwise", "{units} were lost from sight in another way"),
        "other_software": ("a change of software", "{units} came from, or went to, software that is not asked"),
        "telling": ("a change in what can be told", "{units} can be told that could not, or the other way round"),
    }
)
_VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "behaviour": "The servers themselves changed: most of the movement is theirs, and more than chance.",
        "reclassified": "The check changed, not the servers: most of it is the same evidence judged otherwise.",
        "plan": "The questions changed, not the servers: most of the movement is who was asked.",
        "frame_added": "The list changed, not the servers: most of the movement is newcomers.",
        "frame_removed": "The list changed, not the servers: most of the movement is names that left it.",
        "renumbered": "The addresses changed: most of the movement is names that moved; count them by site.",
        "answered_again": "The view changed, not the servers: most of the movement is servers that answer again.",
        "lost_refused": "The view changed: most of the movement is servers that refuse us now; refused is not mended.",
        "lost_silent": "The view changed: most of the movement is servers that fell silent; vanished is not mended.",
        "lost_blocked": "The view changed: most of the movement is servers that cut us off; blocked is not mended.",
        "lost_otherwise": "The view changed: most of the movement is servers lost from sight; vanished is not mended.",
        "other_software": "The software changed: most of it is servers that came from or went to another.",
        "telling": "What can be told changed: most of the movement is servers that hide it now, or no longer do.",
        "several": "Several causes at once: none did half of it.",
        "nothing": "Nothing that is more than chance.",
    }
)


class Told(Protocol):
    """One cause, as ``estimate.explaining.Told``."""

    @property
    def cause(self) -> str:
        """Its id."""

    @property
    def units(self) -> int:
        """That it moved."""

    @property
    def points(self) -> float:
        """Its part, in percent points."""


class Explained(Protocol):
    """A split change, as ``estimate.explaining.Explanation``."""

    @property
    def subject(self) -> str:
        """Id of a check, or ``family:`` and a name."""

    @property
    def unit(self) -> str:
        """Of count."""

    @property
    def from_round(self) -> str:
        """The earlier one."""

    @property
    def to_round(self) -> str:
        """The later one."""

    @property
    def share_then(self) -> float:
        """Fraction."""

    @property
    def share_now(self) -> float:
        """Fraction."""

    @property
    def verdict(self) -> str:
        """Id of a cause, or of there being none."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why nothing can be concluded."""

    @property
    def causes(self) -> Sequence[Told]:
        """All of them."""


class Step(msgspec.Struct, frozen=True):
    """One step of the waterfall.

    Attributes:
        words: What did it.
        units: That it moved; ``None`` for the two ends.
        low, high: Where it begins and ends, in percent, the lower first.
        points: By how much it moved the share; the share itself at the two ends.
    """

    words: str
    units: int | None
    low: float
    high: float
    points: float


def explanation_words(told: Explained, names: Mapping[str, str]) -> str:
    """The paragraph.

    Args:
        told: The split.
        names: Of checks, by id.
    """
    then, now = 100 * told.share_then, 100 * told.share_now
    units = unit_words(told.unit)
    what = _what(told.subject, units, names)
    when = f"From {round_words(told.from_round)} to {round_words(told.to_round)}"
    moved = f"{'rose' if now > then else 'fell'} from {then:.1f} % to {now:.1f} %" if now != then else "did not move"
    acting = sorted((each for each in told.causes if each.points), key=lambda each: -abs(each.points))
    parts = [f"{_deed(each, units)} ({points_words(each.points)} points)" for each in acting]
    silent = [_CAUSES[each.cause][0] for each in told.causes if not each.points]
    sentences = [f"{when}, {what} {moved}."]
    sentences += [f"By cause: {'; '.join(parts)}."] if parts else []
    sentences += [f"None of it came from: {'; '.join(silent)}."] if silent and parts else []
    return " ".join((*sentences, verdict_words(told)))


def points_words(points: float) -> str:
    """Percent points with their sign; small ones with one digit more, so that what moved never reads as nothing."""
    return f"{points:+.1f}" if abs(points) >= _SMALL else f"{points:+.2f}" if points else "0"


def verdict_words(told: Explained) -> str:
    """What may be concluded."""
    if told.reasons:
        return f"Cannot conclude: {'; '.join(told.reasons)}."
    return _VERDICTS[told.verdict]


def waterfall(told: Explained) -> tuple[Step, ...]:
    """From the earlier share to the later one, step by step; steps of causes that moved no unit are left out."""
    at = 100 * told.share_then
    steps = [Step(round_words(told.from_round), None, 0.0, at, at)]
    for each in told.causes:
        if each.units or each.points:
            low, high = sorted((at, at + each.points))
            steps.append(Step(_CAUSES[each.cause][0], each.units, low, high, each.points))
            at += each.points
    now = 100 * told.share_now
    return (*steps, Step(round_words(told.to_round), None, 0.0, now, now))


def _what(subject: str, units: str, names: Mapping[str, str]) -> str:
    if subject.startswith(_FAMILY):
        return f"the share of {family_words(subject.removeprefix(_FAMILY))} among {units}"
    return f"the share of {units} that show “{plain(check_words(subject, names))}”"


def _deed(each: Told, units: str) -> str:
    return _CAUSES[each.cause][1].format(units=f"{each.units:,} {units}")
