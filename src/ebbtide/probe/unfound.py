"""Names that had no address a moment ago, so that nobody is asked for them again."""

from ebbtide.model.outcomes import Failed, Fault
from ebbtide.probe.lookup import Resolved

MOST_REMEMBERED = 100_000


class Unfound:
    """Remembers failures for the time of a run: a name that does not exist for all of it, other failures for one pass.

    Bounded: of too many the oldest are forgotten, and would be asked for again.
    """

    def __init__(self) -> None:
        self._not_found: dict[str, Resolved] = {}
        self._failing: dict[str, Resolved] = {}

    def begin_pass(self) -> None:
        """Another attempt may ask for what failed in passing."""
        self._failing.clear()

    def recall(self, host: str) -> Resolved | None:
        """How a look-up of the host failed."""
        return self._not_found.get(host) or self._failing.get(host)

    def note(self, resolved: Resolved) -> None:
        """Remember it, if it failed."""
        failure: Failed | None = resolved.failure
        if failure is not None:
            kept = self._not_found if failure.fault is Fault.NAME_NOT_FOUND else self._failing
            kept[resolved.host] = resolved
            if len(kept) > MOST_REMEMBERED:
                del kept[next(iter(kept))]
