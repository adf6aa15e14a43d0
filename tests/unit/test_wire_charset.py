import pytest

from ebbtide.wire.charset import Charset, CharsetSource, decode_text, find_charset, page_title

GREETING = "Под строительством"


@pytest.mark.parametrize(
    ("body", "content_types", "name", "source"),
    [
        (b"\xef\xbb\xbfabc", [b"text/html; charset=koi8-r"], "utf-8", CharsetSource.BYTE_ORDER_MARK),
        (b"\xff\xfea\0", [], "utf-16le", CharsetSource.BYTE_ORDER_MARK),
        (b"abc", [b"text/html; charset=cp1251"], "windows-1251", CharsetSource.CONTENT_TYPE),
        (b"abc", [b'text/html;Charset = "Shift_JIS"; x=y'], "shift_jis", CharsetSource.CONTENT_TYPE),
        (b"abc", [b"text/html", b"text/html;charset=latin1"], "windows-1252", CharsetSource.CONTENT_TYPE),
        (b"<meta charset=gb2312><p>", [], "gbk", CharsetSource.META),
        (b"<META HTTP-EQUIV='Content-Type' content='text/html; charset=koi8-r'>", [], "koi8-r", CharsetSource.META),
        (b"<meta content='text/html; charset=koi8-r' http-equiv=content-type>", [], "koi8-r", CharsetSource.META),
        (b"<meta charset=utf-16>", [], "utf-8", CharsetSource.META),
        (b"<!-- <meta charset=koi8-r> --><meta charset=big5>", [], "big5", CharsetSource.META),
        (b"<p title='<meta charset=koi8-r>'><meta charset=big5>", [], "big5", CharsetSource.META),
        (b"<meta name=x content='charset=koi8-r'>", [], "utf-8", CharsetSource.DEFAULT),
        (b" " * 1024 + b"<meta charset=koi8-r>", [], "utf-8", CharsetSource.DEFAULT),
        (b"caf\xe9", [], "windows-1252", CharsetSource.DEFAULT),
        ("le café passé".encode()[:-1], [], "utf-8", CharsetSource.DEFAULT),
        (b"", [], "utf-8", CharsetSource.DEFAULT),
    ],
)
def test_the_first_that_tells_the_encoding_is_heard(
    body: bytes, content_types: list[bytes], name: str, source: CharsetSource
) -> None:
    assert find_charset(body, content_types) == Charset(name, source)


def test_an_unknown_label_is_named_and_passed_over() -> None:
    found = find_charset(b"<meta charset=koi8-r>", [b"text/html; charset=klingon"])
    assert found == Charset("koi8-r", CharsetSource.META, "klingon")


def test_text_is_read_in_its_encoding() -> None:
    body = f"<meta charset=koi8-r><title>\n {GREETING}&amp; </title>".encode("koi8-r")
    charset = find_charset(body)
    assert GREETING in decode_text(body, charset)
    assert page_title(body, charset) == f"{GREETING}&"


def test_a_title_in_sixteen_bits_is_found() -> None:
    body = b"\xff\xfe" + f"<title>{GREETING}</title>".encode("utf-16le")
    assert page_title(body, find_charset(body)) == GREETING


def test_a_title_is_short_and_may_be_unclosed_or_missing() -> None:
    assert page_title(b"<title>" + b"a" * 5000, find_charset(b"")) == "a" * 200
    assert page_title(b"<p>no title", find_charset(b"")) == ""
    assert page_title(b"<title", find_charset(b"")) == ""


def test_an_encoding_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="klingon"):
        decode_text(b"", Charset("klingon", CharsetSource.DEFAULT))
