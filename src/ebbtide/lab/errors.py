"""The one mistake that a caller of the lab can make: a scenario that cannot be played."""

from pathlib import Path


class ScenarioError(ValueError):
    """A scenario, or the machine it is to run on, cannot be used as it stands.

    Args:
        file: The scenario's file; ``None`` if there is none.
        key: Dotted key of the mistake, for example ``holes.admin-pages.rates.2001-07``; empty for the whole file.
        sentence: What is wrong, in one sentence.
    """

    def __init__(self, file: Path | None, key: str, sentence: str) -> None:
        self.file = file
        self.key = key
        self.sentence = sentence
        place = ": ".join(part for part in (str(file) if file is not None else "", key) if part)
        super().__init__(f"{place}: {sentence}" if place else sentence)
