import pytest

from ebbtide.wire.request import RequestEncoder, encode_request


def test_a_request_is_encoded_line_by_line() -> None:
    octets = encode_request("GET", "/x", [("Host", "a.test"), ("Accept", "*/*")])
    assert octets == b"GET /x HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\n"


@pytest.mark.parametrize(
    ("path", "value"), [("/a b", "x"), ("/a\r\nX: y", "x"), ("/", "x\ny"), ("/\n", "x"), ("/", "x\r")]
)
def test_nothing_can_be_smuggled_into_a_request(path: str, value: str) -> None:
    with pytest.raises(ValueError, match="line break or a space"):
        encode_request("GET", path, [("Host", value)])
    encoder = RequestEncoder([])
    with pytest.raises(ValueError, match="line break or a space"):
        encoder.encode("GET", path, value)


def test_an_encoder_adds_its_own_fields_after_host() -> None:
    encoder = RequestEncoder([("User-Agent", "t")])
    assert encoder.encode("GET", "/", "a") == b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n\r\n"
    assert encoder.encode("GET", "/", "a", [("X", "y")]).endswith(b"User-Agent: t\r\nX: y\r\n\r\n")
