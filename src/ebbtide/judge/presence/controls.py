"""The answers to names that cannot exist, against which every answer to a named path is held."""

from collections.abc import Iterator, Mapping

from ebbtide.judge.presence.likeness import Wording, likeness, wording
from ebbtide.model.transcripts import Exchange, Method

FOLDER = "/"
"""The shape of names with a slash behind them."""
STABLE = 0.8
"""From this likeness on two answers are one page: what is left are times, names and advertisements."""
UNLIKE = 0.5
"""Below this likeness an answer is a page of its own, though it may share the site's frame."""

_SUCCESS = 2
"""The class of 2xx, which stands for all of them."""


class Controls:
    """What a server says to random names: one like a file, one like a folder, and some like names that it answered.

    Args:
        root: The answer to ``/``; ``None`` if there is none.
        file_like: That to the absent name of the core plan.
        folder_like: That to the absent name with a slash behind it; ``None`` in rounds that did not ask for it.
        others: Those to absent names of other shapes, by ``shape_of``.
    """

    def __init__(
        self,
        root: Exchange | None,
        file_like: Exchange | None,
        folder_like: Exchange | None,
        others: Mapping[str, Exchange],
    ) -> None:
        self._root = root
        self._file_like = file_like
        self._folder_like = folder_like
        self._others = others
        self._wordings: dict[int, Wording] = {}

    def answers_everything(self, path: str, *, is_explained: bool) -> bool:
        """Whether names of a path's shape are answered with 2xx though they cannot exist.

        Args:
            path: A named path. Held against it are the absent names of its own shape, and of the shape of files and
                folders in general where it may be either.
            is_explained: A check's own signature explains the answer to the file-like name.
        """
        return any(map(is_success, self._of_shape(path, is_explained=is_explained)))

    def is_told_apart(self, answer: Exchange, *, is_explained: bool) -> bool:
        """Whether the answer to a named path is another than what the server says to any name of that shape.

        A server that answers any name with a page of its own each time never tells, and no more does a head alone.
        """
        for control in self._of_shape(answer.request.path, is_explained=is_explained):
            if _kind(control) != _kind(answer):
                continue
            if is_success(control) and (answer.request.method is Method.HEAD or not self._is_stable(control)):
                return False
            if any(self._likeness(answer, other) >= UNLIKE for other in self._says_to_any(control)):
                return False
        return True

    def _of_shape(self, path: str, *, is_explained: bool) -> Iterator[Exchange]:
        """The controls for a path; where the one of its shape was not asked for, the other stands in."""
        shape = shape_of(path)
        file_like = None if is_explained else self._file_like
        if file_like is not None and (shape != FOLDER or self._folder_like is None):
            yield file_like
        if self._folder_like is not None and (shape in {FOLDER, ""} or self._file_like is None):
            yield self._folder_like
        if shape in self._others:
            yield self._others[shape]

    def _is_stable(self, control: Exchange) -> bool:
        """Whether another name, or ``/``, was answered with the same page."""
        return any(
            self._likeness(control, other) >= STABLE
            for other in (self._root, self._file_like, self._folder_like)
            if other is not None and other is not control and _kind(other) == _kind(control)
        )

    def _says_to_any(self, control: Exchange) -> Iterator[Exchange]:
        """The control, and where it is a page like any other also the rest of what might be said."""
        yield control
        if is_success(control):
            for other in (self._root, self._file_like, self._folder_like):
                if other is not None and other is not control and is_success(other):
                    yield other

    def _likeness(self, one: Exchange, other: Exchange) -> float:
        return likeness(self._wording(one), self._wording(other))

    def _wording(self, exchange: Exchange) -> Wording:
        told = self._wordings.get(exchange.ordinal)
        if told is None:
            told = self._wordings[exchange.ordinal] = wording(exchange)
        return told


def is_success(exchange: Exchange) -> bool:
    """Status 2xx (RFC 9110, 15.3)."""
    return _kind(exchange) == _SUCCESS


def _kind(exchange: Exchange) -> int:
    """Statuses between which nobody needs to tell: all of 2xx are one, of the others each is one."""
    status = exchange.status or 0
    return _SUCCESS if status // 100 == _SUCCESS else status


def shape_of(path: str) -> str:
    """What a name looks like: its extension with the dot, a slash for a folder, empty for a name with neither."""
    name = path.partition("?")[0].rpartition("/")[2]
    if not name:
        return FOLDER
    stem, dot, extension = name.rpartition(".")
    return f".{extension}" if stem and dot and extension.isascii() and extension.isalnum() else ""
