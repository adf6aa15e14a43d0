"""What the answers of a target name, in one line."""

from collections.abc import Sequence

from ebbtide.judge.software.naming import naming_of
from ebbtide.model.verdicts import Software


def software_line(software: Sequence[Software]) -> str:
    """Server, company and fronts of one target.

    Args:
        software: Rows of its assessment.
    """
    named = naming_of(software)
    pieces = [", ".join(named.servers) or "server not told"]
    if named.is_contradictory:
        pieces = [f"answers contradict each other: {pieces[0]}"]
    pieces += [f"with {', '.join(named.others)}"] if named.others else []
    pieces += [f"behind {', '.join(named.fronts)}"] if named.fronts else []
    return "; ".join(pieces)
