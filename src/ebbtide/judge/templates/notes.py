"""Reasons, met while reading a template, not to run it."""

from collections.abc import Iterable

from ebbtide.judge.templates.records import Refusals


class Notes:
    """Each reason once, in order.

    Attributes:
        helpers: Where files that the template names were looked for.
    """

    def __init__(self) -> None:
        self._conduct: dict[str, None] = {}
        self._features: dict[str, None] = {}
        self.helpers: list[str] = []

    def forbid(self, reasons: Iterable[str]) -> None:
        """The rules of conduct say no."""
        self._conduct.update(dict.fromkeys(reasons))

    def unsupported(self, feature: str, /) -> None:
        """This release cannot do it."""
        self._features[f"unsupported: {feature}"] = None

    def incomplete(self, what: str, /) -> None:
        """Something that the template needs is not there."""
        self._features[f"incomplete({what})"] = None

    def refusals(self) -> Refusals:
        """All of them."""
        return Refusals(tuple(self._conduct), tuple(self._features))
