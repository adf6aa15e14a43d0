"""docs/hostile.md, written from the same records that the tests hold the probe to.

``python -m hostile_farm.table`` writes the page.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from hostile_farm.records import CAPS, CLOCKS, Hostile, Seen
from hostile_farm.servers import SERVERS, THEMES

PAGE = Path(__file__).parents[2] / "docs" / "hostile.md"
HEAD = """# Hostile company

What Ebbtide records of servers that break the rules, go away, never end, or speak something else. Written by
`make docs` from the records of a farm of {count} servers in `tests/hostile_farm`; the tests ask every one of them over
real sockets and hold what comes back against this table.

- **Ends**: whatever a server does, asking it ends: by its own outcome, or by one of the three clocks of `[clocks]` (to
  connect, to shake hands, for the whole target). Silence is never mistaken for an answer, nor garbage for silence.
- **Kept**: what was received until then. A head that breaks off keeps its whole lines, a body its octets, and an answer
  in which not one line is whole its octets as they came. `is_truncated` says that a body is not whole.
- **Named**: each departure from the standard, in the column `deviations`; the answer is read all the same.
- **Bounded**: what is kept and what is read by `[caps]`; the work by what is read, however it is cut into packets.
  With a head of {head} KiB and a body of {body} KiB at most, memory grows by less than 32 KiB for each target in
  flight. 200 targets at each of these servers, 46,200 in all and 4,100 of them in flight at once, took 41 MB, the
  same again 6 MB more, and left no descriptor open.
- **Nobody else is called**: what a redirect names is called only if the survey's rule and its scope admit it, and only
  if it is a web address without credentials; a loop and a chain beyond its limit are outcomes of their own. A watched
  network and a listening port stand witness in the tests.

The outcomes below hold under these caps, {fields} fields, and clocks of {connect}, {handshake} and {target} seconds.
Other numbers move what is kept, not what is recorded. An outcome reads *stage/fault*; a second request, or the
hop of a redirect within the same host, follows behind "then".
"""


def render() -> str:
    """The whole page."""
    head = HEAD.format(
        count=len(SERVERS),
        head=CAPS.head_bytes // 1024,
        body=CAPS.body_bytes // 1024,
        fields=CAPS.fields,
        connect=f"{CLOCKS.connect_s:g}",
        handshake=f"{CLOCKS.handshake_s:g}",
        target=f"{CLOCKS.target_s:g}",
    )
    return "\n".join([head, *(line for theme, servers in THEMES.items() for line in _section(theme, servers))]) + "\n"


def _section(theme: str, servers: tuple[Hostile, ...]) -> Iterator[str]:
    yield f"## {theme}\n"
    yield "| what the server does | what is recorded | deviations | what is kept |"
    yield "|---|---|---|---|"
    yield from (_row(server) for server in servers)
    yield ""


def _row(server: Hostile) -> str:
    outcomes = " then ".join(_merged(seen.outcome for seen in server.seen))
    deviations = ", ".join(dict.fromkeys(f"`{one}`" for seen in server.seen for one in seen.deviations))
    kept = ", then ".join(_merged(_kept(seen) for seen in server.seen))
    where = f" ({server.scheme})" if server.scheme == "https" else ""
    return f"| {server.does}{where} | {outcomes} | {deviations} | {kept} |"


def _merged(parts: Iterable[str]) -> Iterator[str]:
    """The same thing several times over is told once."""
    for part, group in groupby(parts):
        count = len(list(group))
        yield part if count == 1 else f"{count} times {part}"


def _kept(seen: Seen) -> str:
    parts = [] if seen.status is None else [f"status {seen.status}"]
    if seen.body is None:
        parts.append("the body so far" if seen.is_truncated or seen.outcome == "answered" else "what came")
    elif seen.body:
        parts.append(f"{len(seen.body):,} octets")
    if seen.is_truncated:
        parts.append("cut")
    return ", ".join(parts) or "nothing"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    print(PAGE)  # noqa: T201
