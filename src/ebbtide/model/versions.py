"""The numbers of a version, and nothing that a text does not say."""


def version_numbers(version: str) -> tuple[int, ...]:
    """The dotted numbers at the start of a version: ``1.3.20-win`` is 1, 3, 20; empty if it starts with none."""
    numbers: list[int] = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        # A hostile banner may hold thousands of digits; beyond eighteen they tell nothing.
        numbers.append(int(digits[:18]))
        if digits != part:
            break
    return tuple(numbers)
