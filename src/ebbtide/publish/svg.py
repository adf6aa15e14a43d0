"""From a drawing to a part of the page: no ids of its own, named for readers who do not see it, colours by class."""

import vl_convert
from altair import TopLevelMixin
from lxml import etree

from ebbtide.publish.palette import INKS
from ebbtide.publish.plain_text import plain

_NAMESPACE = "http://www.w3.org/2000/svg"
_SILENT_ATTRIBUTES = ("role", "aria-roledescription", "aria-label", "aria-hidden", "pointer-events", "font-family")
_VEGA_LITE = "6.4"


def draw(chart: TopLevelMixin, name: str, title: str, alt: str) -> str:
    """The chart as an ``svg`` element that scales with its place.

    Args:
        chart: The chart, drawn in the light colours of the palette.
        name: Unique on the page; every id inside begins with it.
        title: What the drawing is.
        alt: What it says, in words, with its numbers.

    Returns:
        Markup without script, style or reference to anything outside; equal for equal input.
    """
    drawing = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=_VEGA_LITE, allowed_base_urls=[])
    root = etree.fromstring(drawing.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    _drop_background(root)
    _rename_ids(root, name)
    for element in root.iter(f"{{{_NAMESPACE}}}*"):
        _quieten(element)
        _paint(element, "fill", "f")
        _paint(element, "stroke", "s")
    _introduce(root, name, title, alt)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _drop_background(root: etree._Element) -> None:
    first = root[0]
    if first.tag == f"{{{_NAMESPACE}}}rect" and first.get("fill") in {"white", "transparent"}:
        root.remove(first)


def _rename_ids(root: etree._Element, name: str) -> None:
    """Clip paths are numbered by a counter of the whole process: number them anew, by their place."""
    renamed: dict[str, str] = {}
    for element in root.iter(f"{{{_NAMESPACE}}}*"):
        if (old := element.get("id")) is not None:
            renamed[f"url(#{old})"] = new = f"{name}-{len(renamed) + 1}"
            element.set("id", new)
    for element in root.iter(f"{{{_NAMESPACE}}}*"):
        if (reference := element.get("clip-path")) in renamed:
            element.set("clip-path", f"url(#{renamed[reference]})")


def _quieten(element: etree._Element) -> None:
    """The drawing speaks once, through its title and description; its parts are silent."""
    for attribute in _SILENT_ATTRIBUTES:
        _drop(element, attribute)


def _paint(element: etree._Element, attribute: str, prefix: str) -> None:
    ink = _INK_OF_COLOUR.get((element.get(attribute) or "").lower())
    if ink is not None:
        own = f"{prefix}-{ink}"
        element.set("class", f"{element.get('class')} {own}" if element.get("class") else own)


def _introduce(root: etree._Element, name: str, title: str, alt: str) -> None:
    for attribute in ("width", "height", "version"):
        _drop(root, attribute)
    root.set("class", "chart")
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    for position, (tag, text) in enumerate((("title", title), ("desc", alt))):
        element = etree.Element(f"{{{_NAMESPACE}}}{tag}")
        element.set("id", f"{name}-{tag}")
        element.text = plain(text)
        root.insert(position, element)


def _drop(element: etree._Element, attribute: str) -> None:
    if attribute in element.attrib:
        del element.attrib[attribute]


_INK_OF_COLOUR = {ink.light: name for name, ink in INKS.items()}
