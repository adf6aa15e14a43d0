"""The short way of plain lines equals the long way that every line could go."""

from ipaddress import ip_network

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebbtide.frame.entries import Defaults, list_targets
from ebbtide.frame.lines import parse_line
from ebbtide.frame.plain import PLAIN_HOST, PLAIN_PINNED, PLAIN_RANKED, plain_parts
from ebbtide.frame.prefixes import prefix_rows
from ebbtide.frame.rows import Row, SilentRows, row_of, target_of, with_id
from ebbtide.frame.tables import Table, ranked_targets
from ebbtide.model.targets import SchemePolicy

LABELS = st.one_of(
    st.text("abcz019_-", max_size=6),
    st.sampled_from(["xn--", "xn--bcher-kva", "A", "0x1f", "a" * 63, "a" * 64, "255", "256", "01", "\u00fc", "\0"]),
)
HOSTS = st.lists(LABELS, min_size=1, max_size=6).map(".".join)
LONG = st.integers(247, 256).map(lambda length: ("a" * 61 + ".") * 3 + "b" * 60 + "." + "c" * (length - 247))
DOTTED = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", fullmatch=True)
CELLS = st.one_of(HOSTS, LONG, st.ip_addresses().map(str), st.text(max_size=8), DOTTED)
PLAIN_ENDS = st.sampled_from(["", "\n", "\r\n"])
ENDS = st.one_of(PLAIN_ENDS, st.sampled_from([" \n", "\t", "\r", "#"]))
DEFAULTS = st.builds(Defaults, st.sampled_from(SchemePolicy), st.sampled_from([None, 8080]), st.sampled_from(["", "x"]))
LINES = st.builds(lambda parts, end: ",".join(parts) + end, st.lists(CELLS, min_size=1, max_size=3), ENDS)


def long_way(raw: bytes, kind: str, defaults: Defaults) -> list[Row]:
    """As if no line were plain; raises as it does."""
    line = parse_line(raw, 2, "frame")
    if line is None:
        return []
    if kind == "csv":
        table = Table(defaults)
        header = parse_line(b"host,address\n", 1, "frame")
        assert header is not None
        assert table.targets(header) == ()
        return [row_of(target) for target in table.targets(line)]
    targets = ranked_targets(line, defaults) if kind == "ranked" else list_targets(line, defaults)
    return [row_of(target) for target in targets]


@settings(max_examples=1000)
@given(LINES, st.sampled_from(["list", "ranked", "csv"]), DEFAULTS)
@example("192.0.2.7", "list", Defaults())
@example("192.0.2.7,198.51.100.1", "csv", Defaults())
@example("a.example,192.0.2.256\n", "csv", Defaults())
@example("7,192.0.2.7\r\n", "ranked", Defaults())
def test_a_plain_line_comes_out_as_it_would_on_the_long_way(text: str, kind: str, defaults: Defaults) -> None:
    raw = text.encode()
    pattern = {"list": PLAIN_HOST, "ranked": PLAIN_RANKED, "csv": PLAIN_PINNED}[kind]
    parts = plain_parts(raw, pattern)
    if parts is not None:
        assert list(map(with_id, SilentRows(defaults).of(*parts))) == long_way(raw, kind, defaults)


@given(st.from_regex(r"([a-z0-9_-]{1,12}\.){1,3}[a-z]{2,6}", fullmatch=True), st.ip_addresses(v=4), PLAIN_ENDS)
def test_what_nearly_every_line_looks_like_is_plain(host: str, address: object, end: str) -> None:
    for pattern, text, parts in (
        (PLAIN_HOST, host, (host, "")),
        (PLAIN_HOST, str(address), (str(address), str(address))),
        (PLAIN_RANKED, f"12,{host}", (host, "")),
        (PLAIN_PINNED, f"{host},", (host, "")),
        (PLAIN_PINNED, f"{host},{address}", (host, str(address))),
    ):
        assert plain_parts((text + end).encode(), pattern) == (None if "xn--" in text else parts)


@given(st.integers(0, (1 << 32) - 1), st.integers(23, 32), DEFAULTS)
def test_the_addresses_of_a_prefix_are_those_of_the_standard_library(
    number: int, length: int, defaults: Defaults
) -> None:
    network = ip_network((number >> (32 - length) << (32 - length), length))
    line = parse_line(str(network).encode(), 1, "frame")
    assert line is not None
    silent = SilentRows(defaults)
    rows = list(prefix_rows(line, silent))
    assert rows == [row for address in network for row in silent.of(str(address), str(address))]
    assert [row_of(target_of(row)) for row in rows] == [with_id(row) for row in rows]
