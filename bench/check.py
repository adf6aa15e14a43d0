"""Hold the latest result against bench/limits.toml: exit 0 if all hold, 1 if one is broken, 2 if one is missing."""

import sys
import tomllib
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line that must not be crossed.

    Attributes:
        path: Dotted path of the reading in a result.
        most: The greatest reading that is admitted; no limit above if it is missing.
        least: The smallest reading that is admitted; no limit below if it is missing.
        why: What it means to a user.
    """

    path: str
    why: str
    most: float | None = None
    least: float | None = None

    @property
    def span(self) -> str:
        """What is admitted, in words."""
        least = [] if self.least is None else [f"at least {self.least:g}"]
        return " and ".join(least + ([] if self.most is None else [f"at most {self.most:g}"]))

    def holds(self, reading: float) -> bool:
        """Whether a reading is admitted."""
        return (self.most is None or reading <= self.most) and (self.least is None or reading >= self.least)


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of limits."""

    limit: tuple[Limit, ...]


def latest(folder: Path) -> tuple[str, object]:
    """Name and content of the result that was taken last; raises ``FileNotFoundError`` if there is none."""
    results = [(path.name, msgspec.json.decode(path.read_bytes())) for path in sorted(folder.glob("*.json"))]
    if not results:
        raise FileNotFoundError("bench/results holds no result; run bench/run.py first")
    return max(results, key=lambda named: str(named[1]["taken_at"]))


def reading_at(result: object, path: str) -> float | None:
    """The reading at a dotted path; ``None`` if it was not measured."""
    for key in path.split("."):
        result = result.get(key) if isinstance(result, dict) else None
    return float(result) if isinstance(result, int | float) else None


def main(folder: Path = HERE) -> int:
    limits = msgspec.convert(tomllib.loads((folder / "limits.toml").read_text(encoding="utf-8")), Limits)
    try:
        name, result = latest(folder / "results")
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    worst = 0
    for limit in limits.limit:
        reading = reading_at(result, limit.path)
        if reading is None:
            said, fault = "not measured", 2
        else:
            said, fault = f"{reading:g}", 0 if limit.holds(reading) else 1
        verdict = ("holds", "BROKEN", "MISSING")[fault]
        print(f"{verdict:8}{limit.path} = {said}, must be {limit.span}: {limit.why}")
        worst = max(worst, fault)
    print(f"result: {name}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
