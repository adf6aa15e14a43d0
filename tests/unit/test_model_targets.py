import pytest

from ebbtide.model.errors import EbbtideError, FrameError
from ebbtide.model.targets import Scheme, Target


@pytest.mark.parametrize(
    ("host", "port", "scheme", "url"),
    [
        ("example.org", 80, Scheme.HTTP, "http://example.org"),
        ("example.org", 443, Scheme.HTTPS, "https://example.org"),
        ("example.org", 443, Scheme.HTTP, "http://example.org:443"),
        ("example.org", 8080, Scheme.HTTP, "http://example.org:8080"),
        ("::1", 80, Scheme.HTTP, "http://[::1]"),
        ("::1", 8443, Scheme.HTTPS, "https://[::1]:8443"),
    ],
)
def test_the_host_field_leaves_out_the_default_port_and_puts_brackets_around_ipv6(
    host: str, port: int, scheme: Scheme, url: str
) -> None:
    target = Target(b"t" * 16, 1, host, "", port, scheme)
    assert target.base_url == url
    assert target.host_field == url.split("//", 1)[1]


def test_an_error_says_where_what_and_how_to_mend() -> None:
    error = FrameError("port 70000 is no port.", where="hosts.csv:7", remedy="Ports run from 1 to 65535.")
    assert str(error) == "hosts.csv:7: port 70000 is no port. Ports run from 1 to 65535."
    assert isinstance(error, EbbtideError)
    assert str(FrameError("nothing to ask.")) == "nothing to ask."
