"""Which software answers name: families, versions, masks, and what to do when answers disagree."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ebbtide.judge.fingerprints.sets import load_fingerprints, load_own_fingerprints
from ebbtide.judge.software.banners import read_banner
from ebbtide.judge.software.identification import NOT_ANSWERED, Identifier, identify
from ebbtide.judge.software.pieces import is_fed
from ebbtide.judge.software.slugs import slug
from ebbtide.model.outcomes import Answered, Failed, Fault, Stage
from ebbtide.model.transcripts import Certificate, Exchange, Purpose, Request, TlsSummary
from ebbtide.model.verdicts import Software


def answer(
    *fields: tuple[bytes, bytes], purpose: Purpose = Purpose.ROOT, body: bytes = b"", status: int = 200
) -> Exchange:
    return Exchange(bytes(16), 1, 0, 1, Request("/", purpose), 0, Answered(), status=status, fields=fields, body=body)


def served_by(banner: bytes, purpose: Purpose = Purpose.ROOT) -> Exchange:
    return answer((b"Date", b"x"), (b"sErVeR", banner), purpose=purpose)


def told(software: Sequence[Software]) -> list[tuple[str, str, str]]:
    return [(row.role, row.product, row.version) for row in software]


@pytest.mark.parametrize(
    ("banner", "family", "version"),
    [
        (b"Microsoft-IIS/5.0", "microsoft-iis", "5.0"),
        (b"Microsoft-IIS/4.0", "microsoft-iis", "4.0"),
        (b"Microsoft-IIS/10.0", "microsoft-iis", "10.0"),
        (b"Apache/1.3.20 (Unix) mod_ssl/2.8.4 OpenSSL/0.9.6a", "apache", "1.3.20"),
        (b"Apache", "apache", ""),
        (b"Apache-Coyote/1.1", "apache-tomcat", ""),
        (b"Netscape-Enterprise/3.6 SP3", "netscape-enterprise", "3.6"),
        (b"Zeus/3.4", "zeus", "3.4"),
        (b"Lotus-Domino/5.0.8", "lotus-domino", "5.0.8"),
        (b"thttpd/2.20b 10oct00", "thttpd", "2.20b"),
        (b"AOLserver/3.3.1+ad13", "aolserver", "3.3.1+ad13"),
        (b"Rapidsite/Apa/1.3.14 (Unix)", "rapidsite", "1.3.14"),
        (b"IBM_HTTP_SERVER/1.3.19 Apache/1.3.20 (Unix)", "ibm-http-server", "1.3.19"),
        (b"Oracle HTTP Server Powered by Apache/1.3.19", "oracle-http-server", ""),
        (b"nginx/1.18.0 (Ubuntu)", "nginx", "1.18.0"),
        (b"lighttpd/1.4.59", "lighttpd", "1.4.59"),
        (b"LiteSpeed", "litespeed", ""),
        (b"Roxen\xb7Challenger/1.3.122", "roxen", "1.3.122"),
        (b"Dim Sum/1.0", "dim", ""),
        (b"DimSum_httpd/1.0b (odd)", "dimsum-httpd", "1.0b"),
        (b"DimSum;x\xff/1", "dimsum-x", "1"),
        (b"My DimSum/2", "dimsum", "2"),
    ],
)
def test_the_family_is_the_fingerprints_or_the_slug_of_the_first_product(
    banner: bytes, family: str, version: str
) -> None:
    found = identify([served_by(banner)])
    assert (found.family, found.version) == (family, version)
    first = found.software[0]
    assert (first.family, first.version, first.role, first.part) == (family, version, "server", "server")


@pytest.mark.parametrize(
    "banner",
    [b"", b" ", b"-", b"--", b"*", b"Secured", b"unknown", b"UNKNOWN/1.0", b"Web Server", b"webserver", b"(hidden)",
     b"N/A", b"1.0", b"xxxx", b"x-x", b"\xff\xfe", b"none", b"Server/2.0", b"My Server", b"\x00\x01"],
)  # fmt: skip
def test_a_banner_that_names_no_product_is_masked(banner: bytes) -> None:
    found = identify([served_by(banner)])
    assert (found.family, found.version) == ("unknown", "")
    assert [(row.family, row.role, row.product) for row in found.software] == [("unknown", "server", "")]


def test_no_server_field_is_masked() -> None:
    assert identify([answer((b"Date", b"x"))]).family == "unknown"


def test_a_framework_that_is_the_server_gives_the_family_where_no_server_field_does() -> None:
    found = identify([answer((b"X-Powered-By", b"Express"))])
    assert found.family == "express"
    assert found.software[0].part == "x-powered-by"
    assert identify([answer((b"Server", b"nginx"), (b"X-Powered-By", b"Express"))]).family == "nginx"


def test_an_intermediary_never_gives_the_family() -> None:
    found = identify([answer((b"Via", b"1.1 varnish"))])
    assert found.family == "unknown"
    assert ("server", "Varnish Cache", "") in told(found.software)


def test_a_target_whose_root_was_not_answered_has_no_family() -> None:
    failed = Exchange(bytes(16), 1, 0, 1, Request("/", Purpose.ROOT), 0, Failed(Stage.CONNECT, Fault.REFUSED))
    assert identify([failed, served_by(b"Apache", Purpose.ABSENT)]) == NOT_ANSWERED
    assert identify([]) == NOT_ANSWERED


def test_modules_languages_and_the_system_are_told() -> None:
    found = identify([served_by(b"Apache/1.3.20 (Unix)  (Red-Hat/Linux) mod_ssl/2.8.4 PHP/4.0.6 ID/72840 FrontPage")])
    assert told(found.software) == [
        ("server", "HTTP Server", "1.3.20"),
        ("os", "Linux", ""),
        ("module", "mod_ssl", "2.8.4"),
        ("language", "PHP", "4.0.6"),
    ]
    assert found.software[1].vendor == "Red Hat"
    assert found.software[0].cpe == "cpe:/a:apache:http_server:1.3.20"


def test_the_version_of_iis_tells_its_windows() -> None:
    assert told(identify([served_by(b"Microsoft-IIS/5.0")]).software)[1] == ("os", "Windows 2000", "")


def test_fields_beside_the_server_field_are_told_with_their_part() -> None:
    found = identify(
        [
            answer(
                (b"Server", b"Apache"),
                (b"X-Powered-By", b"PHP/4.0.6, DimSum/3"),
                (b"Set-Cookie", b"PHPSESSID=0123456789; path=/"),
                (b"Set-Cookie", b"JSESSIONID=masked"),
                (b"WWW-Authenticate", b'Basic realm="x"'),
                body=b'<html><head><META name="GENERATOR" content="Microsoft FrontPage 4.0"></head>',
            )
        ]
    )
    assert [(row.role, row.product, row.version, row.part) for row in found.software[1:]] == [
        ("language", "PHP", "4.0.6", "x-powered-by"),
        ("application", "DimSum", "3", "x-powered-by"),
        ("language", "Java Servlet", "", "set-cookie"),
        ("application", "FrontPage", "4.0", "body"),
    ]


@pytest.mark.parametrize(
    "tag",
    [
        b'<meta name="generator" content="WordPress 6.4.2" />',
        b"<meta content='WordPress 6.4.2' name='generator'>",
        b'<META NAME=GENERATOR CONTENT="WordPress 6.4.2">',
    ],
)
def test_a_generator_is_read_however_it_is_written(tag: bytes) -> None:
    assert ("application", "WordPress", "6.4.2") in told(identify([answer(body=b"<html>\xff" + tag)]).software)


def test_the_first_root_answer_counts_and_others_are_recorded() -> None:
    found = identify(
        [
            served_by(b"Apache/1.3.20"),
            served_by(b"Microsoft-IIS/5.0", Purpose.ABSENT),
            served_by(b"Secured", Purpose.ICON),
            served_by(b"Apache/1.3.20", Purpose.CHECK),
        ]
    )
    assert (found.family, found.version) == ("apache", "1.3.20")
    assert told(found.software) == [
        ("server", "HTTP Server", "1.3.20"),
        ("server", "IIS", "5.0"),
        ("os", "Windows 2000", ""),
    ]


def test_of_two_server_fields_the_first_that_names_a_product_counts() -> None:
    found = identify([answer((b"Server", b"Secured"), (b"Server", b"Zeus/3.4"), (b"Server", b"Apache/1.3.20"))])
    assert (found.family, found.version) == ("zeus", "3.4")
    assert ("server", "HTTP Server", "1.3.20") in told(found.software)


OPERATOR = """<fingerprints matches="{key}" preference="{preference}">
<fingerprint pattern="^(?:DimSum|Apache)/([0-9.]+)"><description>Lab</description>
<param pos="0" name="service.product" value="Lab Server"/><param pos="1" name="service.version"/>{more}</fingerprint>
</fingerprints>"""


def operator_identifier(
    folder: Path, more: str = "", preference: str = "0.90", key: str = "http_header.server"
) -> Identifier:
    path = folder / "operator.xml"
    path.write_text(OPERATOR.format(more=more, preference=preference, key=key), encoding="utf-8")
    return Identifier(load_own_fingerprints().joined(load_fingerprints(path)))


def test_a_file_of_the_operator_adds_knowledge_and_renames_no_family(tmp_path: Path) -> None:
    identifier = operator_identifier(tmp_path)
    known = identify([served_by(b"DimSum/1.2.3")], identifier)
    assert (known.family, known.version, known.software[0].product) == ("dimsum", "1.2.3", "Lab Server")
    assert known.software[0].source == "operator#lab"
    assert identify([served_by(b"Apache/1.3.20")], identifier) == identify([served_by(b"Apache/1.3.20")])


def test_a_file_of_the_operator_that_names_families_is_heard_by_its_preference(tmp_path: Path) -> None:
    family = '<param pos="0" name="ebbtide.family" value="lab"/>'
    assert identify([served_by(b"Apache/1.3.20")], operator_identifier(tmp_path, family)).family == "lab"
    assert identify([served_by(b"Apache/1.3.20")], operator_identifier(tmp_path, family, "0.10")).family == "apache"


def test_an_icon_is_known_by_its_md5_where_a_file_asks_for_it(tmp_path: Path) -> None:
    digest = hashlib.md5(b"icon", usedforsecurity=False).hexdigest()
    path = tmp_path / "icons.xml"
    path.write_text(
        f'<fingerprints matches="favicon.md5"><fingerprint pattern="^{digest}$"><description>x</description>'
        '<param pos="0" name="service.product" value="Lab"/></fingerprint></fingerprints>',
        encoding="utf-8",
    )
    identifier = Identifier(load_fingerprints(path))
    icon = answer(purpose=Purpose.ICON, body=b"icon")
    assert ("application", "Lab", "") in told(identify([served_by(b"Zeus/3.4"), icon], identifier).software)
    absent = answer(purpose=Purpose.ICON, body=b"icon", status=404)
    assert ("application", "Lab", "") not in told(identify([served_by(b"Zeus/3.4"), absent], identifier).software)


def test_a_title_is_read_where_a_file_asks_for_it(tmp_path: Path) -> None:
    identifier = operator_identifier(tmp_path, key="html_title")
    found = identify([answer(body=b"<html><TITLE>\n DimSum/4.5\n admin</TITLE>")], identifier)
    assert ("application", "Lab Server", "4.5") in told(found.software)


@pytest.mark.parametrize("banner", [b"A" * 100_000 + b"/1", b"a/1 " * 10_000, b"(" * 50_000, b"mod_x/1.%d " * 999])
def test_a_huge_banner_gives_little(banner: bytes) -> None:
    found = identify([served_by(banner)])
    assert len(found.family) <= 64
    assert len(found.software) <= 40
    assert all(len(row.product) <= 80 and len(row.version) <= 80 for row in found.software)


def test_a_banner_is_read_outside_its_comments() -> None:
    banner = read_banner(b"Lab/1.0 (a (nested/9) comment/8) mod_x/2.0, Other/3")
    assert banner.first is not None
    assert (banner.first.name, banner.first.version) == ("Lab", "1.0")
    assert [(product.name, product.version) for product in banner.others] == [("mod_x", "2.0"), ("Other", "3")]
    assert banner.remainder == "(a (nested/9) comment/8) mod_x/2.0, Other/3"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Microsoft-IIS", "microsoft-iis"), ("A  b_C.d", "a-b-c-d"), ("--", ""), ("é", ""), ("x" * 100, "x" * 64)],
)
def test_a_slug_is_lower_case_with_hyphens(name: str, expected: str) -> None:
    assert slug(name) == expected


def product_file(folder: Path, key: str, pattern: str) -> Identifier:
    path = folder / "further.xml"
    path.write_text(
        f'<fingerprints matches="{key}"><fingerprint pattern="{pattern}"><description>x</description>'
        '<param pos="0" name="service.product" value="Lab"/><param pos="1" name="service.version"/>'
        "</fingerprint></fingerprints>",
        encoding="utf-8",
    )
    return Identifier(load_own_fingerprints().joined(load_fingerprints(path)))


def test_any_field_is_fed_under_its_name(tmp_path: Path) -> None:
    identifier = product_file(tmp_path, "http_header.x_lab_version", "^lab ([0-9.]+)$")
    found = identify([answer((b"Server", b"nginx"), (b"X-Lab-Version", b"lab 1.2"))], identifier)
    assert found.family == "nginx"
    (row,) = (row for row in found.software if row.product == "Lab")
    assert (row.version, row.role, row.part) == ("1.2", "application", "x-lab-version")


def test_a_certificate_is_fed_by_subject_and_issuer(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tide, Inc."),
            x509.NameAttribute(NameOID.COMMON_NAME, "lab-7"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, "42"),
        ]
    )
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    signed = builder.serial_number(1).not_valid_before(day).not_valid_after(day).sign(key, hashes.SHA256())
    der = signed.public_bytes(Encoding.DER)
    sha256 = hashlib.sha256(der).digest()
    exchange = msgspec.structs.replace(served_by(b"nginx"), tls=TlsSummary("TLSv1.3", "x", "", (sha256,)))
    for name in ("subject", "issuer"):
        identifier = product_file(tmp_path, f"x509.{name}", r"^SERIALNUMBER=42,CN=lab-(\d),O=Tide\\, Inc\.$")
        assert identifier.reads_certificates
        found = identifier.identify([exchange], [Certificate(sha256, der)])
        (row,) = (row for row in found.software if row.product == "Lab")
        assert (row.version, row.part) == ("7", "certificate")
        assert all(row.product != "Lab" for row in identifier.identify([exchange]).software)
        broken = Certificate(sha256, der[:40])
        assert all(row.product != "Lab" for row in identifier.identify([exchange], [broken]).software)


def test_keys_that_no_answer_holds_are_known() -> None:
    fed = ("http_header.server", "http_header.any_field", "html_title", "favicon.md5", "x509.subject", "x509.issuer")
    assert all(map(is_fed, fed))
    assert not any(map(is_fed, ("ssh.banner", "http_header.", "snmp.sys_description", "")))
