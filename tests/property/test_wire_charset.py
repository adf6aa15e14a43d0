from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.wire.charset import decode_text, find_charset, page_title

LABELS = [
    b"utf-8",
    b"koi8-r",
    b"utf-16",
    b"iso-2022-jp",
    b"hz-gb-2312",
    b"x-user-defined",
    b"gbk",
    b"big5",
    b"\xff\x00",
]
PIECES = [b"<meta", b" charset=", b"'", b'"', b"<!--", b"-->", b">", b"/", b"=", b"</", b"<?", b"<title>", b"content="]


@settings(max_examples=300)
@given(
    pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from(LABELS), st.binary(max_size=8)), max_size=40),
    content_types=st.lists(
        st.one_of(st.binary(max_size=40), st.sampled_from(LABELS).map(lambda label: b"text/html;charset=" + label)),
        max_size=3,
    ),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]),
)
def test_no_octets_are_too_odd_to_be_text(pieces: list[bytes], content_types: list[bytes], mark: bytes) -> None:
    body = mark + b"".join(pieces)
    charset = find_charset(body, content_types)
    assert isinstance(decode_text(body, charset), str)
    assert len(page_title(body, charset)) <= 200
