"""What a section shows: a drawing in two widths, its words, and the table of the same numbers."""

import msgspec
from altair import TopLevelMixin

from ebbtide.publish.drawing import NARROW, WIDE
from ebbtide.publish.figures import Figure, Sentence
from ebbtide.publish.svg import draw

Cell = Sentence | Figure | str


class Table(msgspec.Struct, frozen=True):
    """Rows of cells; the first cell of a row names it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Key(msgspec.Struct, frozen=True):
    """One entry of the key of a drawing: an ink, its shape (``bar``, ``dot``, ``ring``, ``diamond``) and the words."""

    ink: str
    words: str
    shape: str = "bar"


class Exhibit(msgspec.Struct, frozen=True):
    """One chart of the page.

    Attributes:
        title: States the finding.
        subtitle: States unit, population and n.
        footer: States the source and what limits it.
        drawings: Markup for wide and for narrow pages, in this order.
    """

    name: str
    title: Sentence
    subtitle: Sentence
    footer: str
    keys: tuple[Key, ...]
    drawings: tuple[tuple[str, str], ...]
    table: Table


class Canvas(msgspec.Struct, frozen=True):
    """A chart that was drawn twice: for a wide page and for a narrow one."""

    wide: TopLevelMixin
    narrow: TopLevelMixin

    def as_markup(self, name: str, title: str, alt: str) -> tuple[tuple[str, str], ...]:
        """Both drawings as ``(class, markup)``."""
        return (
            (WIDE.name, draw(self.wide, f"{name}-{WIDE.name}", title, alt)),
            (NARROW.name, draw(self.narrow, f"{name}-{NARROW.name}", title, alt)),
        )
