"""How a page is looked at in a browser: widths, colour schemes and media, and what is measured in the page itself."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

OpenPage = Callable[..., AbstractContextManager[Any]]
WIDTHS = (360, 768, 1280)
A4_WITHOUT_MARGINS = 680
LOOKS = [
    *((width, scheme, "screen") for width in WIDTHS for scheme in ("light", "dark")),
    (A4_WITHOUT_MARGINS, "light", "print"),
    (A4_WITHOUT_MARGINS, "dark", "print"),
]

CONTRASTS = """() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
      if (colour[3] > 0) throw new Error('half transparent ground');
    }
    return [255, 255, 255];
  };
  const beneath = text => {
    const box = text.getBoundingClientRect();
    const x = box.x + box.width / 2, y = box.y + box.height / 2;
    let colour = ground(text.closest('svg').parentElement);
    for (const shape of text.closest('svg').querySelectorAll('path, rect, circle')) {
      const fill = getComputedStyle(shape).fill;
      if (fill === 'none' || !(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
      const around = shape.getBoundingClientRect();
      if (around.left <= x && x <= around.right && around.top <= y && y <= around.bottom) colour = numbers(fill);
    }
    return colour;
  };
  const seen = [];
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join(' ').trim();
    const isDrawn = element instanceof SVGElement;
    if (!own || ['title', 'desc'].includes(element.localName) || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = numbers(isDrawn ? style.fill : style.color);
    seen.push([own.slice(0, 60), isDrawn, ratio(ink, isDrawn ? beneath(element) : ground(element))]);
  }
  return seen;
}"""

LETTER_SIZES = """() => [...document.querySelectorAll('svg.chart')].filter(s => s.checkVisibility()).flatMap(s =>
  [...s.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize) * s.getScreenCTM().a))"""

OVERFLOWS = """() => [...document.body.querySelectorAll('*')]
  .filter(e => !e.closest('.scroll, .aside, .skip, pre') && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.outerHTML.slice(0, 80))"""
