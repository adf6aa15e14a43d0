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
_TITLE_LINES = 2
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
    """A small line chart."""

    title: str
    points: tuple[Point, ...]


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


class Span(Named, frozen=True):
    """A value then and a value now, and the bounds of now."""

    then: float | None
    now: float | None
    low: float | None
    high: float | None


def small_lines(panels: Sequence[Panel], sheet: Sheet, ink: str) -> alt.TopLevelMixin:
    """Small line charts on one scale, side by side."""
    values = [value for panel in panels for point in panel.points for value in _values(point)]
    top = max([*values, 0.1]) * 1.18
    drawn = [_panel(panel, sheet, ink, top) for panel in panels]
    return _styled(alt.concat(*drawn, columns=sheet.panels, spacing={"row": 22, "column": 26}))


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
    full = max([*ends, 0.01]) * 1.02
    lines, bars, rings, dots = [], [], [], []
    for position, row in enumerate(rows):
        y = position * ROW_PX + _NAME_PX + _BAR_PX / 2
        if row.low is not None and row.high is not None:
            bars.append(_box(row.low / full * sheet.width, row.high / full * sheet.width, y, "veil"))
        if row.then is not None and row.now is not None:
            lines.append(_line(row.then / full * sheet.width, row.now / full * sheet.width, y))
        rings += [] if row.then is None else [{"x": row.then / full * sheet.width, "y": y}]
        dots += [] if row.now is None else [{"x": row.now / full * sheet.width, "y": y}]
    layers = [
        _boxes(bars), _boxes(lines), _marks(rings, light("paper"), light("gone")), _marks(dots, light(ink), light(ink)),
        *_names(rows, sheet),
    ]  # fmt: skip
    return _styled(alt.layer(*layers).properties(width=sheet.width, height=len(rows) * ROW_PX - 8))


def _values(point: Point) -> tuple[float, ...]:
    return tuple(value for value in (point.value, point.high, point.published) if value is not None)


def _panel(panel: Panel, sheet: Sheet, ink: str, top: float) -> AnyChart:
    rows = [msgspec.to_builtins(point) for point in panel.points]
    labelled = [row for row in rows if row["value"] is not None]
    base = alt.Chart(alt.InlineData(values=rows))
    ticks = alt.Axis(title=None, labelAngle=0, ticks=False, labelOverlap="parity", domainColor=light("hair"))
    x = alt.X("tick:N", sort=None, axis=ticks, scale=alt.Scale(padding=0.35))
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
    lines = wrap(panel.title, 20)[:_TITLE_LINES]
    lines += ["\N{NO-BREAK SPACE}"] * (_TITLE_LINES - len(lines))
    return alt.layer(*layers).properties(width=sheet.panel_width, height=96, title=lines)


def _end_labels(rows: Sequence[dict[str, Any]], x: alt.X, scale: alt.Scale) -> alt.Chart:
    ends = [] if not rows else [rows[0]] if len(rows) == 1 else [rows[0], rows[-1]]
    labels = [{**row, "top": max(row["value"], row["high"] or 0, row["published"] or 0)} for row in ends]
    chart = alt.Chart(alt.InlineData(values=labels))
    marks = chart.mark_text(dy=-12, color=light("text"), fontSize=TEXT_PX, fontWeight=600)
    return _encoded(marks, x=x, y=alt.Y("top:Q", scale=scale), text="label:N")


def _names(rows: Sequence[Named], sheet: Sheet) -> list[alt.Chart]:
    left = [{"x": 0, "y": place * ROW_PX + 7, "text": row.name} for place, row in enumerate(rows)]
    right = [{"x": sheet.width, "y": place * ROW_PX + 7, "text": row.words} for place, row in enumerate(rows)]
    return [_texts(left, "left", "text", TEXT_PX), _texts(right, "right", "text", TEXT_PX, weight=600)]


def _box(start: float, end: float, y: float, ink: str) -> dict[str, Any]:
    return {"x": start, "x2": max(end, start + 1), "y": y - 6, "y2": y + 6, "ink": light(ink)}


def _line(start: float, end: float, y: float) -> dict[str, Any]:
    return {"x": min(start, end), "x2": max(start, end), "y": y - 1, "y2": y + 1, "ink": light("gone")}


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
        chart.configure(background="transparent", padding=6)
        .configure_view(stroke=None)
        .configure_axis(labelColor=light("quiet"), labelFontSize=12, labelPadding=5)
        .configure_title(
            anchor="start", color=light("text"), fontSize=TEXT_PX, fontWeight=600, lineHeight=15, offset=10
        )
    )
    return cast(alt.TopLevelMixin, styled)
