from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Literal

import pytest

from ebbtide.frame.sources import read_targets
from ebbtide.model.configuration import FrameSection, FrameSource
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import SchemePolicy, Target

Format = Literal["list", "csv", "ranked", "cidr"]


def read(text: str | bytes, kind: Format = "list", *, port: int | None = None, scheme: str = "http") -> list[Target]:
    raw = text.encode() if isinstance(text, str) else text
    source = FrameSource("-", kind, "given")
    return list(read_targets(FrameSection((source,), SchemePolicy(scheme), port), Path("/nowhere"), BytesIO(raw)))


def short(targets: list[Target]) -> list[tuple[str, str, int, str]]:
    return [(target.host, target.address, target.port, str(target.scheme)) for target in targets]


def test_a_list_may_hold_hosts_ports_and_urls() -> None:
    text = (
        "\ufeffexample.org\r\n# a remark\r\n\r\n   \nb.example:8080 # another\n192.0.2.7\n[2001:db8::7]:81\n"
        "2001:db8::8\nhttps://c.example/path?x=1#top\nHTTP://D.example:8000\nB\u00fccher.example"
    )
    assert short(read(text)) == [
        ("example.org", "", 80, "http"),
        ("b.example", "", 8080, "http"),
        ("192.0.2.7", "192.0.2.7", 80, "http"),
        ("2001:db8::7", "2001:db8::7", 81, "http"),
        ("2001:db8::8", "2001:db8::8", 80, "http"),
        ("c.example", "", 443, "https"),
        ("d.example", "", 8000, "http"),
        ("xn--bcher-kva.example", "", 80, "http"),
    ]


def test_a_silent_line_takes_the_section_s_scheme_and_port() -> None:
    assert short(read("a.example\nhttp://b.example\nhttps://c.example\n", scheme="https", port=8443)) == [
        ("a.example", "", 8443, "https"),
        ("b.example", "", 80, "http"),
        ("c.example", "", 443, "https"),
    ]
    assert short(read("a.example", scheme="https")) == [("a.example", "", 443, "https")]


@pytest.mark.parametrize(
    ("policy", "scheme", "other"), [("https_first", "https", "http"), ("http_first", "http", "https")]
)
def test_a_silent_line_may_fall_back_to_the_other_scheme(policy: str, scheme: str, other: str) -> None:
    silent, with_port, named = read("a.example\nb.example:8080\nhttp://c.example\n", scheme=policy)
    ports = {"http": 80, "https": 443}
    assert short([silent, with_port]) == [
        ("a.example", "", ports[scheme], scheme),
        ("b.example", "", 8080, scheme),
    ]
    assert silent.fallback_origin == (other, ports[other])
    assert with_port.fallback_origin == (other, 8080)
    assert named.fallback_origin is None


def test_both_schemes_make_two_targets_of_a_silent_line_of_every_format() -> None:
    kinds: tuple[tuple[Format, str], ...] = (
        ("list", "a.example\nhttps://b.example"),
        ("csv", "a.example\nb.example,,,https"),
        ("ranked", "1,a.example"),
        ("cidr", "192.0.2.0/32"),
    )
    found = {kind: short(read(text, kind, scheme="both")) for kind, text in kinds}
    two, named = [("a.example", "", 80, "http"), ("a.example", "", 443, "https")], ("b.example", "", 443, "https")
    assert (found["list"], found["csv"], found["ranked"]) == ([*two, named], [*two, named], two)
    assert [line[2:] for line in found["cidr"]] == [(80, "http"), (443, "https")]
    assert not any(target.fallback for target in read("a.example", scheme="both"))


def test_a_port_belongs_to_the_first_scheme_and_cannot_be_that_of_both() -> None:
    (target,) = read("a.example", scheme="https_first", port=8443)
    assert (target.port, target.fallback_origin) == (8443, ("http", 8443))
    with pytest.raises(FrameError, match="cannot be that of both") as caught:
        read("a.example", scheme="both", port=8080)
    assert "behind the host" in str(caught.value)


def test_a_table_without_a_header_has_its_columns_in_order() -> None:
    targets = read("a.example\nb.example,127.0.0.9,8080,https,large,2.5\nc.example,,,,,\n", "csv")
    assert short(targets) == [
        ("a.example", "", 80, "http"),
        ("b.example", "127.0.0.9", 8080, "https"),
        ("c.example", "", 80, "http"),
    ]
    assert [(target.stratum, target.weight) for target in targets] == [("given", 1.0), ("large", 2.5), ("given", 1.0)]


def test_a_table_with_a_header_may_order_its_columns() -> None:
    targets = read('Weight,HOST,stratum\n3,a.example,"one, two"\n', "csv")
    assert [(target.host, target.weight, target.stratum) for target in targets] == [("a.example", 3.0, "one, two")]


def test_a_table_s_scheme_brings_its_own_port() -> None:
    text = "host,scheme\na.example,https\nb.example,http\n"
    assert [target.port for target in read(text, "csv", port=8080)] == [443, 8080]


def test_a_ranked_list_is_read_without_its_ranks() -> None:
    assert [target.host for target in read("1,a.example\n2,b.example\n", "ranked")] == ["a.example", "b.example"]


def test_every_address_of_a_prefix_is_a_target() -> None:
    targets = read("127.0.0.0/30\n2001:db8::/127 # two\n127.9.9.9\n", "cidr", port=8080)
    assert [target.host for target in targets] == [
        "127.0.0.0",
        "127.0.0.1",
        "127.0.0.2",
        "127.0.0.3",
        "2001:db8::",
        "2001:db8::1",
        "127.9.9.9",
    ]
    assert {target.port for target in targets} == {8080}
    assert all(target.address == target.host for target in targets)


def test_a_wide_prefix_is_expanded_lazily() -> None:
    section = FrameSection((FrameSource("-", "cidr"),))
    targets = read_targets(section, Path(), BytesIO(b"127.0.0.0/8\n"))
    assert [target.host for target in islice(targets, 2)] == ["127.0.0.0", "127.0.0.1"]


def test_sources_are_read_in_turn_relative_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "hosts.txt").write_text("a.example\n", encoding="utf-8")
    section = FrameSection((FrameSource("hosts.txt", stratum="one"), FrameSource("-", "csv", "two")))
    targets = list(read_targets(section, tmp_path, BytesIO(b"b.example\n")))
    assert [(target.host, target.stratum) for target in targets] == [("a.example", "one"), ("b.example", "two")]


BAD_LINES: list[tuple[Format, str, str]] = [
    ("list", "a b.example", "more than one word"),
    ("list", "a.example:0", "no port"),
    ("list", "a.example:70000", "no port"),
    ("list", "a.example:", "no port"),
    ("list", "a.example:\u0661", "no port"),
    ("list", "ftp://a.example", "is not asked"),
    ("list", "http://user:pass@a.example", "credentials"),
    ("list", "http://[::1", "no URL"),
    ("list", "http://", "is no host"),
    ("list", "a.example/path", "is no host"),
    ("list", "a\x00.example", "NUL"),
    ("list", "x" * 5000, "longer than"),
    ("csv", "a.example,999.1.1.1", "is no address"),
    ("csv", "a.example,,http", "no port"),
    ("csv", "a.example,,,gopher", "is not asked"),
    ("csv", "a.example,,,,x\x07y", "no name"),
    ("csv", "a.example,,,,,0", "not a positive number"),
    ("csv", "a.example,,,,,nan", "not a positive number"),
    ("csv", "a.example,,,,,1e999", "not a positive number"),
    ("csv", "a.example,,,,,1,2", "7 cells"),
    ("csv", ",127.0.0.1", "is no host"),
    ("csv", '"a.example', "no line of CSV"),
    ("ranked", "a.example", "not a rank"),
    ("ranked", "x,a.example", "not a rank"),
    ("ranked", "1,2,a.example", "not a rank"),
    ("cidr", "127.0.0.1/8", "no prefix"),
    ("cidr", "a.example", "no prefix"),
    ("cidr", "0.0.0.0/0", "more than"),
    ("cidr", "2001:db8::/64", "more than"),
]


@pytest.mark.parametrize(("kind", "line", "sentence"), BAD_LINES)
def test_a_bad_line_is_named_by_file_and_line_with_a_remedy(kind: Format, line: str, sentence: str) -> None:
    good = {"list": "a.example", "csv": "a.example", "ranked": "1,a.example", "cidr": "127.0.0.1"}[kind]
    with pytest.raises(FrameError) as caught:
        read(f"{good}\n# remark\n{line}\n{good}\n", kind)
    assert caught.value.where == "standard input:3"
    assert sentence in caught.value.what
    assert caught.value.remedy
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("header", "sentence"), [("host,colour", "'colour' is unknown"), ("host,port,host", "stands twice")]
)
def test_a_header_with_an_unknown_or_doubled_column_is_refused(header: str, sentence: str) -> None:
    with pytest.raises(FrameError, match=sentence):
        read(f"{header}\na.example,80,x\n", "csv")


@pytest.mark.parametrize("raw", ["a.example\n".encode("utf-16"), b"b\xfccher.example\n"])
def test_a_file_in_another_encoding_is_refused(raw: bytes) -> None:
    with pytest.raises(FrameError, match="UTF-8"):
        read(raw)


def test_an_endless_line_is_not_read_to_its_end() -> None:
    stream = BytesIO(b"x" * 10_000_000)
    with pytest.raises(FrameError, match="longer than 4096"):
        list(read_targets(FrameSection((FrameSource("-"),)), Path(), stream))
    assert stream.tell() < 10_000


def test_a_frame_without_a_source_is_refused_before_anything_is_read() -> None:
    with pytest.raises(FrameError, match="names no source"):
        read_targets(FrameSection(), Path())


def test_standard_input_is_read_once() -> None:
    with pytest.raises(FrameError, match="two sources"):
        read_targets(FrameSection((FrameSource("-"), FrameSource("-"))), Path())


def test_a_missing_file_names_the_dotted_key(tmp_path: Path) -> None:
    (tmp_path / "hosts.txt").write_text("a.example\n", encoding="utf-8")
    section = FrameSection((FrameSource("hosts.txt"), FrameSource("absent.txt")))
    with pytest.raises(FrameError) as caught:
        list(read_targets(section, tmp_path))
    assert caught.value.where == "frame.source[1].path"
    assert "absent.txt" in caught.value.what
