"""Which lines of a block hold one of some words: one pass over the whole block, by Hyperscan where it is installed."""

from ebbtide.patterns.regex import Pattern, compile_pattern

try:
    import hyperscan
except ImportError:  # there is no wheel for some machines
    _IS_THERE = False
else:
    _IS_THERE = True

_LINE_REST = r"[^\n]*\n"
_MEMORY_BYTES = 64 << 20


class LineFinder:
    """Finds lines in which a pattern matches, in any case of letters.

    Args:
        pattern: ASCII, in the spelling that RE2 and Hyperscan share; it matches within one line and is never empty.
        is_fast: Whether Hyperscan may be used; else it is RE2, which finds the same lines and takes longer.
    """

    def __init__(self, pattern: str, *, is_fast: bool = True) -> None:
        spelled = f"(?:{pattern}){_LINE_REST}"
        self._fast = _database(spelled) if _IS_THERE and is_fast else None
        self._plain: Pattern | None = None
        if self._fast is None:
            self._plain = compile_pattern(spelled, ignore_case=True, memory_bytes=_MEMORY_BYTES)

    def ends(self, block: bytes) -> list[int]:
        """Where lines end in which it matches, behind their newlines; each line once, in order.

        Args:
            block: Whole lines, the last one ended too.
        """
        if self._plain is not None:
            return [match.end for match in self._plain.find_all(block)]
        ends: list[int] = []
        add = ends.append

        def found(number: int, begin: int, end: int, flags: int, context: object) -> None:
            del number, begin, flags, context
            add(end)

        if self._fast is not None and block:
            self._fast.scan(block, match_event_handler=found)
        return ends


def _database(spelled: str) -> "hyperscan.Database":
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=[spelled.encode("ascii")], ids=[0], elements=1, flags=[hyperscan.HS_FLAG_CASELESS])
    return database
