"""What of a division by sector may be published: small cells are withheld, and so that no sum gives them back."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from ebbtide.publish.suppression import LEAST_BASE, LEAST_SHOWN


class SectorCell(Protocol):
    """One check in one sector, as ``estimate.constituents.Cell``."""

    @property
    def name(self) -> str:
        """Of the sector."""

    @property
    def check(self) -> str:
        """Its id."""

    @property
    def shown(self) -> int:
        """That show it."""

    @property
    def base(self) -> int:
        """That could be judged."""


def withheld(cells: Sequence[SectorCell]) -> frozenset[tuple[str, str]]:
    """Names and checks of the cells that may not be published.

    A cell is withheld when its base is below 10, or when fewer than 3 sites show the check or fewer than 3 do not. As
    the whole of a check is published elsewhere, the cells that are withheld never are one alone, nor hold fewer than 10
    sites, or fewer than 3 of either kind, together: the next smallest go with them.

    Args:
        cells: All sectors of the checks, those of no sector among them.
    """
    by_check: defaultdict[str, list[SectorCell]] = defaultdict(list)
    for cell in cells:
        by_check[cell.check].append(cell)
    return frozenset((cell.name, check) for check, parts in by_check.items() for cell in _hidden(parts))


def _hidden(parts: Sequence[SectorCell]) -> list[SectorCell]:
    hidden = [cell for cell in parts if cell.base and _is_small(cell.shown, cell.base)]
    visible = sorted(
        (cell for cell in parts if cell.base and cell not in hidden), key=lambda cell: (cell.base, cell.name)
    )
    while hidden and visible:
        shown, base = sum(cell.shown for cell in hidden), sum(cell.base for cell in hidden)
        if len(hidden) > 1 and not _is_small(shown, base):
            break
        hidden.append(visible.pop(0))
    return hidden


def _is_small(shown: int, base: int) -> bool:
    return base < LEAST_BASE or shown < LEAST_SHOWN or base - shown < LEAST_SHOWN
