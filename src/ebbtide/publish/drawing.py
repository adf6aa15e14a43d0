"""The shapes of the charts: small lines side by side, and rows that carry their own names. Knows nothing of facts."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any, Literal, cast

import altair as alt
import msgspec

from ebbtide.publish.palette import light

AnyChart = alt.LayerChart | alt.FacetChart
Align = Literal["left", "right"]
Weight = Literal[400, 600]

TEXT_PX = 12.5
ROW_PX = 44
_NAME_PX = 17
_BAR_PX = 15
_HEADROOM = 1.3
_INSET_PX = 7
_LETTER_PX = 6.5
_BOLD_PX = 7.3
_TITLE_LINES = 2
_TITLE_LETTERS = 17
_LEAST_LABELLED = 0.085


class Sheet(msgspec.Struct, frozen=True):
    """A width that a chart is drawn for, in pixels of the page; text is never scaled below its size."""

    name: str
    width: int
    panels: int
    panel_width: int


WIDE = Sheet("wide", 688, 4, 138)
NARROW = Sheet("narrow", 316, 2, 132)


class Point(msgspec.Struct, frozen=True):
    """A value in one round; low and high are its bounds."""

    tick: str
    value: float | None
    low: float | None
    high: float | None
    published: float | None
    label: str = ""


class Panel(msgspec.Struct, frozen=True):
    """A small line chart; its ink is that of all panels if it has none of its own."""

    title: str
    points: tuple[Point, ...]
    ink: str = ""


class Segment(msgspec.Struct, frozen=True):
    """A part of a bar, 0 to 1, and the text that stands in it if there is room."""

    ink: str
    size: float
    label: str


class Named(msgspec.Struct, frozen=True):
    """A row bears its name at its left end and words at its right."""

    name: str
    words: str


class Row(Named, frozen=True):
    """A bar of segments."""

    segments: tuple[Segment, ...]


class Twin(Named, frozen=True):
    """Two values that are told apart by the thickness of their bars."""

    ink: str
    first: float | None
    second: float | None


class Span(Named, frozen=True):
    """A value then and a value now, and the bounds of now."""

    then: float | None
    now: float | None
    low: float | None
    high: float | None


def small_lines(panels: Sequence[Panel], sheet: Sheet, ink: str, *, is_one_scale: bool = True) -> alt.TopLevelMixin:
    """Small line charts side by side, on one scale or each on its own; a line breaks where there is no value."""
    values = [value for panel in panels for point in panel.points for value in _values(point)]
    common = max([*values, 0.1]) * _HEADROOM
    tops = [common if is_one_scale else _own_top(panel) for panel in panels]
    drawn = [_panel(panel, sheet, panel.ink or ink, top) for panel, top in zip(panels, tops, strict=True)]
    return _styled(alt.concat(*drawn, columns=sheet.panels, bounds="flush", spacing={"row": 92, "column": 26}))


def stacked_rows(rows: Sequence[Row], sheet: Sheet, *, full: float = 1.0) -> alt.TopLevelMixin:
    """Bars of segments, each row with its name above it."""
    rectangles, labels = [], []
    for position, row in enumerate(rows):
        left, top = 0.0, position * ROW_PX + _NAME_PX
        for segment in row.segments:
            right = left + segment.size / full * sheet.width
            box = {"x": left, "x2": max(left, right - 1), "y": top, "y2": top + _BAR_PX, "ink": light(segment.ink)}
            rectangles.append(box)
            if segment.label and right - left > _LEAST_LABELLED * WIDE.width:
                labels.append({"x": left + 5, "y": top + _BAR_PX / 2 + 0.5, "text": segment.label})
            left = right
    layers = [_boxes(rectangles), *_names(rows, sheet), _texts(labels, "left", "paper", 11.5)]
    return _styled(alt.layer(*layers).properties(width=sheet.width, height=len(rows) * ROW_PX - 8))


def spans(rows: Sequence[Span], sheet: Sheet, ink: str) -> alt.TopLevelMixin:
    """Then and now on one line a row, with the bounds of now behind it."""
    ends = [value for row in rows for value in (row.then, row.now, row.high) if value is not None]
    per_unit = (sheet.width - 2 * _INSET_PX) / max([*ends, 0.01])
    tracks, lines, bars, rings, dots = [], [], [], [], []
    for position, row in enumerate(rows):
        y = position * ROW_PX + _NAME_PX + _BAR_PX / 2
        then, now, low, high = (
            None if value is None else _INSET_PX + value * per_unit for value in (row.then, row.now, row.low, row.high)
        )
        tracks.append(_box(0, sheet.width, (y - 0.5, y + 0.5), "hair"))
        if low is not None and high is not None:
            bars.append(_box(low, high, (y - 6, y + 6), "veil"))
        if then is not None and now is not None:
            lines.append(_box(min(then, now), max(then, now), (y - 1, y + 1), "gone"))
        rings += [] if then is None else [{"x": then, "y": y}]
        dots += [] if now is None else [{"x": now, "y": y}]
    marks = (_marks(rings, light("paper"), light("gone")), _marks(dots, light(ink), light(ink)))
    layers = [_boxes(tracks), _boxes(bars), _boxes(lines), *marks, *_names(rows, sheet)]
    return _styled(alt.layer(*layers).properties(width=sheet.width, height=len(rows) * ROW_PX - 8))


def twin_rows(rows: Sequence[Twin], sheet: Sheet) -> alt.TopLevelMixin:
    """Two bars a row on one scale: the first thick, the second thin."""
    full = max([value for row in rows for value in (row.first, row.second) if value is not None], default=1.0) or 1.0
    boxes = []
    for position, row in enumerate(rows):
        top = position * ROW_PX + _NAME_PX
        for value, edges in ((row.first, (top, top + 9)), (row.second, (top + 11, top + 15))):
            if value is not None:
                boxes.append(_box(0, value / full * sheet.width, edges, row.ink))
    layers = [_boxes(boxes), *_names(rows, sheet)]
    return _styled(alt.layer(*layers).properties(width=sheet.width, height=len(rows) * ROW_PX - 8))


def _two_lines(title: str) -> list[str]:
    lines = wrap(title, _TITLE_LETTERS)
    if len(lines) > _TITLE_LINES:
        lines = [*lines[: _TITLE_LINES - 1], f"{lines[_TITLE_LINES - 1][: _TITLE_LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"]
    return [*lines, *["\N{NO-BREAK SPACE}"] * (_TITLE_LINES - len(lines))]


def _fitted(name: str, words: str, sheet: Sheet) -> str:
    room = max(8, int((sheet.width - len(words) * _BOLD_PX - 6) / _LETTER_PX))
    return name if len(name) <= room else f"{name[: room - 1]}\N{HORIZONTAL ELLIPSIS}"


def _values(point: Point) -> tuple[float, ...]:
    return tuple(value for value in (point.value, point.high, point.published) if value is not None)


def _own_top(panel: Panel) -> float:
    return max((value for point in panel.points for value in _values(point)), default=0.0) * _HEADROOM or 1.0


def _panel(panel: Panel, sheet: Sheet, ink: str, top: float) -> AnyChart:
    rows = [msgspec.to_builtins(point) for point in panel.points]
    labelled = [row for row in rows if row["value"] is not None]
    base = alt.Chart(alt.InlineData(values=rows))
    ticks = alt.Axis(title=None, labelAngle=0, ticks=False, labelOverlap="parity", domainColor=light("hair"))
    x = alt.X(
        "tick:N", sort=None, axis=ticks, scale=alt.Scale(domain=[point.tick for point in panel.points], padding=0.5)
    )
    scale = alt.Scale(domain=[0, top], nice=False, zero=True)
    grid = alt.Axis(title=None, labels=False, ticks=False, domain=False, tickCount=3, gridColor=light("hair"))
    y = alt.Y("value:Q", scale=scale, axis=grid)
    layers = [
        base.mark_rule(color=light("veil"), strokeWidth=9).encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q"),
        base.mark_line(color=light(ink), strokeWidth=2).encode(x=x, y=y),
        base.mark_point(color=light(ink), fill=light(ink), size=26, opacity=1).encode(x=x, y=y),
        base.mark_point(shape="diamond", color=light("text"), fill=light("paper"), size=70, strokeWidth=1.4, opacity=1)
        .encode(x=x, y=alt.Y("published:Q", scale=scale)),
        _end_labels(labelled, x, scale),
    ]  # fmt: skip
    lines = _two_lines(panel.title)
    return alt.layer(*layers).properties(width=sheet.panel_width, height=96, title=lines)


def _end_labels(rows: Sequence[dict[str, Any]], x: alt.X, scale: alt.Scale) -> alt.Chart:
    ends = [] if not rows else [rows[0]] if len(rows) == 1 else [rows[0], rows[-1]]
    labels = [{**row, "top": max(row["value"], row["high"] or 0, row["published"] or 0)} for row in ends]
    chart = alt.Chart(alt.InlineData(values=labels))
    marks = chart.mark_text(dy=-12, color=light("text"), fontSize=TEXT_PX, fontWeight=600)
    return _encoded(marks, x=x, y=alt.Y("top:Q", scale=scale), text="label:N")


def _names(rows: Sequence[Named], sheet: Sheet) -> list[alt.Chart]:
    left = [
        {"x": 0, "y": place * ROW_PX + 7, "text": _fitted(row.name, row.words, sheet)} for place, row in enumerate(rows)
    ]
    right = [{"x": sheet.width, "y": place * ROW_PX + 7, "text": row.words} for place, row in enumerate(rows)]
    return [_texts(left, "left", "text", TEXT_PX), _texts(right, "right", "text", TEXT_PX, weight=600)]


def _box(start: float, end: float, rows: tuple[float, float], ink: str) -> dict[str, Any]:
    return {"x": start, "x2": max(end, start + 1), "y": rows[0], "y2": rows[1], "ink": light(ink)}


def _boxes(rows: list[dict[str, Any]]) -> alt.Chart:
    marks = alt.Chart(alt.InlineData(values=rows)).mark_rect()
    ink = alt.Color("ink:N", scale=None)
    return _encoded(marks, x=_pixels("x"), x2="x2:Q", y=_row("y"), y2="y2:Q", color=ink)


def _marks(rows: list[dict[str, Any]], fill: str, stroke: str) -> alt.Chart:
    chart = alt.Chart(alt.InlineData(values=rows))
    marks = chart.mark_circle(size=88, fill=fill, stroke=stroke, strokeWidth=2, opacity=1)
    return _encoded(marks, x=_pixels("x"), y=_row("y"))


def _texts(rows: list[dict[str, Any]], align: Align, ink: str, size: float, weight: Weight = 400) -> alt.Chart:
    chart = alt.Chart(alt.InlineData(values=rows))
    marks = chart.mark_text(align=align, baseline="middle", color=light(ink), fontSize=size, fontWeight=weight)
    return _encoded(marks, x=_pixels("x"), y=_row("y"), text="text:N")


def _encoded(chart: alt.Chart, **channels: Any) -> alt.Chart:
    """The chart with its channels; keeps the type that ``encode`` declares only by name."""
    return chart.encode(**channels)


def _pixels(field: str) -> alt.X:
    return alt.X(f"{field}:Q", scale=None, axis=None)


def _row(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", scale=None, axis=None)


def _styled(chart: AnyChart | alt.ConcatChart) -> alt.TopLevelMixin:
    styled = (
        chart.configure(background="transparent", padding=1)
        .configure_view(stroke=None)
        .configure_axis(labelColor=light("quiet"), labelFontSize=12, labelPadding=5)
        .configure_title(
            anchor="start",
            color=light("text"),
            fontSize=TEXT_PX,
            fontWeight=600,
            lineHeight=15,
            offset=14,
            frame="group",
        )
    )
    return cast(alt.TopLevelMixin, styled)
