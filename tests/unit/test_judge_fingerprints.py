"""Fingerprints in recog's format: what a match gives, what the examples prove, and how a wrong file is told."""

from pathlib import Path

import pytest

from ebbtide.judge.fingerprints.reading import MOST_BYTES, parse_fingerprints
from ebbtide.judge.fingerprints.sets import FingerprintSet, list_fingerprints, load_fingerprints, verify
from ebbtide.model.errors import FingerprintError

HEAD = '<?xml version="1.0"?>\n<fingerprints matches="http_header.server" protocol="http" preference="0.9">\n'


def file_of(folder: Path, body: str, name: str = "lab.xml", head: str = HEAD) -> Path:
    path = folder / name
    path.write_text(f"{head}{body}\n</fingerprints>\n", encoding="utf-8")
    return path


def fingerprint(pattern: str, inner: str = "", attributes: str = "", description: str = "Lab server") -> str:
    return (
        f'<fingerprint pattern="{pattern}" {attributes}><description>{description}</description>{inner}</fingerprint>'
    )


SWITCH = fingerprint(
    r"^Switch-(\d+)/([\d.]+)( \w+)?$",
    """
    <example hw.product="NX8200" service.version="1.2" service.cpe23="cpe:/a:lab:switch:1.2">Switch-8200/1.2</example>
    <param pos="0" name="service.vendor" value="Lab"/>
    <param pos="0" name="hw.product" value="NX{_tmp.001}"/>
    <param pos="1" name="_tmp.001"/>
    <param pos="2" name="service.version"/>
    <param pos="3" name="service.edition"/>
    <param pos="0" name="service.cpe23" value="cpe:/a:lab:switch:{service.version}"/>
    <param pos="0" name="os.cpe23" value="cpe:/o:lab:os:{os.version}"/>
    <param pos="0" name="os.product" value="OS {os.version}"/>
    """,
    'certainty="0.5"',
)


def test_a_match_fills_in_captures_constants_and_other_parameters(tmp_path: Path) -> None:
    found = load_fingerprints(file_of(tmp_path, SWITCH)).match("http_header.server", b"Switch-8200/1.2")
    assert found is not None
    assert found.fingerprint == "lab#lab-server"
    assert found.certainty == 0.5
    assert found.params == {
        "service.vendor": "Lab",
        "hw.product": "NX8200",
        "service.version": "1.2",
        "service.cpe23": "cpe:/a:lab:switch:1.2",
        "os.cpe23": "cpe:/o:lab:os:-",
        "service.protocol": "http",
    }


def test_a_captured_brace_is_never_read_as_a_parameter(tmp_path: Path) -> None:
    body = fingerprint(
        "^(.+)$",
        '<param pos="1" name="service.version"/><param pos="0" name="service.cpe23" value="a:{service.version}"/>',
    )
    found = load_fingerprints(file_of(tmp_path, body)).match("http_header.server", b"{x}{service.version}")
    assert found is not None
    assert found.params["service.cpe23"] == "a:{x}{service.version}"


def test_a_captured_byte_that_is_no_utf8_becomes_a_character(tmp_path: Path) -> None:
    body = fingerprint("^Lab (.+)$", '<param pos="1" name="service.version"/>')
    found = load_fingerprints(file_of(tmp_path, body)).match("http_header.server", b"Lab \xff\xc3\xa9")
    assert found is not None
    assert found.params["service.version"] == "ÿé"


def test_another_key_or_another_value_matches_nothing(tmp_path: Path) -> None:
    fingerprints = load_fingerprints(file_of(tmp_path, SWITCH))
    assert fingerprints.keys == {"http_header.server"}
    assert fingerprints.match("http_header.cookie", b"Switch-8200/1.2") is None
    assert fingerprints.match("http_header.server", b"Switch") is None


def test_the_first_fingerprint_of_the_preferred_file_speaks(tmp_path: Path) -> None:
    low = load_fingerprints(
        file_of(tmp_path, fingerprint("Lab", description="low"), "low.xml", HEAD.replace("0.9", "0.1"))
    )
    two = fingerprint("Lab", description="first") + fingerprint("Lab", description="second")
    high = load_fingerprints(file_of(tmp_path, two, "high.xml"))
    joined = low.joined(high)
    assert [match.fingerprint for match in joined.matches("http_header.server", b"Lab")] == ["high#first", "low#low"]
    assert joined.match("http_header.server", b"Lab") == joined.matches("http_header.server", b"Lab")[0]


@pytest.mark.parametrize(
    ("flags", "data", "expected"),
    [
        ("REG_ICASE", b"SWITCH x", True),
        ("IGNORECASE", b"SWITCH x", True),
        ("", b"SWITCH x", False),
        ("REG_DOT_NEWLINE", b"switch\nx", True),
        ("REG_MULTILINE,REG_ICASE", b"SWITCH\nx", True),
        ("REG_ICASE", b"switch\nx", False),
        ("", b"first\nswitch x\nlast", True),
        ("", b"switch\nx", False),
    ],
)
def test_flags_and_line_anchors_mean_what_they_mean_in_ruby(
    tmp_path: Path,
    flags: str,
    data: bytes,
    expected: bool,  # noqa: FBT001  a column of the table
) -> None:
    path = file_of(tmp_path, fingerprint("^switch.x$", attributes=f'flags="{flags}"'))
    assert (load_fingerprints(path).match("http_header.server", data) is not None) is expected


def test_the_key_of_a_file_without_one_is_its_name(tmp_path: Path) -> None:
    path = file_of(tmp_path, fingerprint("x"), "snmp.xml", "<fingerprints>")
    assert load_fingerprints(path).keys == {"snmp"}


def test_a_folder_gives_all_its_files(tmp_path: Path) -> None:
    file_of(tmp_path, fingerprint("a"), "a.xml")
    file_of(tmp_path, fingerprint("b"), "b.xml", HEAD.replace("server", "via"))
    assert load_fingerprints(tmp_path).keys == {"http_header.server", "http_header.via"}


def test_a_folder_without_files_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(FingerprintError, match="holds no file"):
        load_fingerprints(tmp_path)


def test_verify_counts_and_tells_what_fails(tmp_path: Path) -> None:
    three_that_fail = (
        '<example service.version="2">Lab/1</example><example>Lab/x</example>'
        '<example os.version="1">Lab/1</example><param pos="1" name="service.version"/>'
    )
    body = "\n".join(
        [
            SWITCH,
            fingerprint("^Lab/(\\d)$", three_that_fail, description="Lab"),
            fingerprint("^Lab", "<example>Lab/3</example><example>Labor</example>", description="wide"),
            fingerprint("^Empty$", description="empty"),
            fingerprint("^Empty(?=x)", "<example>Emptyx</example>", description="ahead"),
        ]
    )  # fmt: skip
    summary = verify(file_of(tmp_path, body))
    assert (summary.files, summary.fingerprints, summary.examples, summary.expected_values) == (1, 5, 6, 5)
    assert [(failure.fingerprint, failure.reason) for failure in summary.failures] == [
        ("lab#lab", "service.version is '1', not '2'."),
        ("lab#lab", "the pattern does not match the example."),
        ("lab#lab", "os.version is not given; '1' is expected."),
    ]
    assert [(refused.id, refused.reason) for refused in summary.refused] == [
        (
            "lab#ahead",
            (
                "the pattern uses look-ahead (?= at character 7, which is refused. "
                "RE2 has no look-around, so that every search is linear."
            ),
        )
    ]
    assert summary.without_examples == ("lab#empty",)
    assert [(example.fingerprint, example.taken_by) for example in summary.shadowed] == [("lab#wide", "lab#lab")]
    assert not summary.is_sound
    assert verify(file_of(tmp_path, SWITCH)).is_sound


def test_examples_may_be_base64_or_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "page").write_bytes(b"\xff\x00Lab\n")
    body = fingerprint(
        r"\xff\x00Lab$", '<example _encoding="base64">\n /wBM\n  YWI= </example><example _filename="page"/>'
    )
    summary = verify(file_of(tmp_path, body))
    assert summary.examples == 2
    assert summary.is_sound


def test_a_linked_example_outside_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("Lab", encoding="utf-8")
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "page").symlink_to(tmp_path / "secret")
    (failure,) = verify(file_of(tmp_path, fingerprint("Lab", '<example _filename="page"/>'))).failures
    assert "lies outside" in failure.reason


def test_a_missing_example_file_is_told(tmp_path: Path) -> None:
    summary = verify(file_of(tmp_path, fingerprint("Lab", '<example _filename="page"/><example>Lab</example>')))
    assert [(failure.line, failure.reason) for failure in summary.failures] == [
        (3, "the example's file 'page' cannot be read: No such file or directory.")
    ]
    assert not summary.is_sound


@pytest.mark.parametrize(
    ("body", "line", "sentence"),
    [
        ("<fingerprint>", 4, "no well-formed XML"),
        ("<other/>", 3, "<other> is not known here"),
        ("&undefined;", 3, "no well-formed XML"),
    ],
)
def test_a_broken_file_is_told_with_file_line_and_reason(tmp_path: Path, body: str, line: int, sentence: str) -> None:
    path = file_of(tmp_path, body)
    with pytest.raises(FingerprintError) as mistake:
        load_fingerprints(path)
    assert mistake.value.where == f"{path}:{line}"
    assert sentence in mistake.value.what


@pytest.mark.parametrize(
    ("body", "line", "sentence"),
    [
        ("\n<fingerprint><description>x</description></fingerprint>", 4, "a <fingerprint> needs a pattern."),
        ('<fingerprint pattern="x"/>', 3, "a <fingerprint> needs exactly one <description>; this has 0."),
        (fingerprint("x", "<note/>"), 3, "<note> is not known inside <fingerprint>."),
        (fingerprint("x", "<example>a<b/></example>"), 3, "<example> holds elements; it may hold only text."),
        (fingerprint("(x"), 3, "a group of the pattern is never closed."),
        (fingerprint("x", attributes='flags="REG_ODD"'), 3, "the flag REG_ODD is not known"),
        (fingerprint("x", attributes='certainty="high"'), 3, "certainty 'high' is no number from 0 to 1."),
        (fingerprint("x", '<param pos="1" name="a"/>'), 3, "pos '1' of the param a names no group; the pattern has 0."),
        (fingerprint("x", '<param pos="-1" name="a"/>'), 3, "pos '-1' of the param a names no group"),
        (fingerprint("x", '<param pos="0" name="a"/>'), 3, "the param a has pos 0 and no value."),
        (
            fingerprint("(x)", '<param pos="1" name="a" value="b"/>'),
            3,
            "the param a has a value and a pos other than 0",
        ),
        (fingerprint("x", '<param pos="0"/>'), 3, "a <param> needs a name."),
        (fingerprint("x", '<example _encoding="rot13">x</example>'), 3, "_encoding 'rot13' is not known"),
        (fingerprint("x", '<example _encoding="base64">*</example>'), 3, "the example is no valid base64."),
        (fingerprint("x", '<example _filename="../x"/>'), 3, "_filename '../x' must name a file without a folder."),
        (fingerprint("x", '<example _filename=".."/>'), 3, "_filename '..' must name a file without a folder."),
    ],
)
def test_a_broken_fingerprint_refuses_only_itself(tmp_path: Path, body: str, line: int, sentence: str) -> None:
    path = file_of(tmp_path, f"{body}\n{fingerprint('^Good$', description='good')}")
    found = load_fingerprints(path)
    (refused,) = found.refused
    assert (refused.file, refused.line) == (str(path), line)
    assert sentence in refused.reason
    match = found.match("http_header.server", b"Good")
    assert match is not None
    assert match.fingerprint == "lab#good"
    assert not verify(path).is_sound


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no well-formed XML"),
        (b"\xff\xfe<\x00", "the file is not UTF-8."),
        (b"<html/>", "the first element is <html>, not <fingerprints>."),
        (b'<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><fingerprints/>', "a document type is refused"),
        (b'<fingerprints preference="2"/>', "preference '2' is no number from 0 to 1."),
        (b"<fingerprints>\x00</fingerprints>", "no well-formed XML"),
        (b" " * (MOST_BYTES + 1), f"the file has {MOST_BYTES + 1} bytes; {MOST_BYTES} are allowed."),
        ("<fingerprints>".encode("utf-16-be"), "no well-formed XML"),
    ],
)
def test_bytes_that_are_no_fingerprints_are_told(data: bytes, sentence: str) -> None:
    with pytest.raises(FingerprintError) as mistake:
        parse_fingerprints(data, Path("odd.xml"))
    assert sentence in mistake.value.what


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FingerprintError, match="cannot be read: No such file"):
        load_fingerprints(tmp_path / "none.xml")


def test_the_list_names_every_fingerprint_and_its_examples(tmp_path: Path) -> None:
    family = '<example>Lab</example><param pos="0" name="ebbtide.family" value="lab"/>'
    path = file_of(tmp_path, fingerprint("^Lab$", family) + "\n" + fingerprint("x"))
    first, second = list_fingerprints(load_fingerprints(path))
    assert (first.id, first.file, first.line, first.key) == ("lab#lab-server", str(path), 3, "http_header.server")
    assert (first.pattern, first.family, first.example_count) == ("^Lab$", "lab", 1)
    assert (second.id, second.line, second.family, second.example_count) == ("lab#lab-server-2", 4, "", 0)


def test_the_digest_of_a_set_changes_with_what_its_files_say(tmp_path: Path) -> None:
    first = load_fingerprints(file_of(tmp_path, fingerprint("a"))).digest
    assert load_fingerprints(file_of(tmp_path, fingerprint("a"))).digest == first
    assert load_fingerprints(file_of(tmp_path, fingerprint("b"))).digest != first
    assert len(first) == 16


def test_a_file_whose_patterns_grow_without_end_is_refused(tmp_path: Path) -> None:
    grown = "\n".join(fingerprint("[a-z]{900}" * 10) for _ in range(300))
    with pytest.raises(FingerprintError, match="compile to over 2000000 instructions"):
        load_fingerprints(file_of(tmp_path, grown))


def test_a_set_tells_what_it_refuses(tmp_path: Path) -> None:
    refused = load_fingerprints(file_of(tmp_path, fingerprint("x++"))).refused
    assert [(each.id, each.file, each.line) for each in refused] == [("lab#lab-server", str(tmp_path / "lab.xml"), 3)]


def test_a_brace_that_is_never_closed_stays(tmp_path: Path) -> None:
    body = fingerprint("x", '<param pos="0" name="a" value="b{c"/>')
    found = load_fingerprints(file_of(tmp_path, body)).match("http_header.server", b"x")
    assert found is not None
    assert found.params["a"] == "b{c"


def test_an_example_file_of_great_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "page").write_bytes(bytes((1 << 20) + 1))
    (failure,) = verify(file_of(tmp_path, fingerprint("Lab", '<example _filename="page"/>'))).failures
    assert failure.reason == "the example's file 'page' is over 1048576 bytes."


def test_a_file_of_great_size_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "great.xml"
    with path.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(FingerprintError, match="16777216 are allowed"):
        load_fingerprints(path)


def test_an_empty_set_matches_nothing() -> None:
    assert FingerprintSet([]).match("http_header.server", b"Lab") is None


def test_only_constants_are_read_for_other_parameters(tmp_path: Path) -> None:
    cpe = '<param pos="0" name="service.cpe23" value="cpe:/a:x:{service.product}"/>'
    params = f'<param pos="1" name="service.product"/>{cpe}'
    found = load_fingerprints(file_of(tmp_path, fingerprint(r"^Lab (\S+)", params)))
    for product in ("{none}", "{service.cpe23}", "plain"):
        match = found.match("http_header.server", f"Lab {product}".encode())
        assert match is not None
        assert match.params["service.product"] == product
        assert match.params["service.cpe23"] == f"cpe:/a:x:{product}"


@pytest.mark.parametrize(
    ("pattern", "attributes", "text", "is_match"),
    [
        ("^a.b$", "", b"a\nb", False),
        ("(?m)^a.b$", "", b"a\nb", True),
        ("(?m:a.)b.c", "", b"a\nb\nc", False),
        ("(?m:a.)b.c", "", b"a\nb-c", True),
        ("^a.b$", 'flags="REG_DOT_NEWLINE"', b"a\nb", True),
        ("^a.b$", 'flags="MULTILINE"', b"a\nb", True),
        ("^a.b$", 'flags="REG_LINE_ANY_CRLF,IGNORECASE"', b"A\nB", True),
        ("^b$", "", b"a\nb\nc", True),
        (r"\Ab\z", "", b"a\nb\nc", False),
        (r"^\h+$", "", b"0aF", True),
        (r"^\h+$", "", b"0aG", False),
        (r"^[\h:]+$", "", b"0a:F", True),
        (r"^\H$", "", b"a", False),
        ("(?<name>a)(b)", "", b"ab", True),
        ("(?i-m:A.)", "", b"a\n", False),
    ],
)
def test_patterns_are_read_as_ruby_reads_them(
    tmp_path: Path, pattern: str, attributes: str, text: bytes, *, is_match: bool
) -> None:
    body = fingerprint(pattern.replace("<", "&lt;"), attributes=attributes)
    found = load_fingerprints(file_of(tmp_path, body))
    assert not found.refused
    assert (found.match("http_header.server", text) is not None) == is_match
