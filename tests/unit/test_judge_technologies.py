"""Technologies in Wappalyzer's format: what is read of a file, and what an answer shows."""

import datetime as dt
import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ebbtide.judge.engine import load_engine
from ebbtide.judge.technologies.matching import Technologies
from ebbtide.judge.technologies.reading import (
    load_technologies,
    read_technologies,
    spelled_for_re2,
    split_tags,
)
from ebbtide.judge.technologies.records import FoundTechnology, TechnologyPack
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.errors import CheckError
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Scheme, Target
from ebbtide.model.transcripts import Certificate, Exchange, Purpose, Request, TlsSummary, Transcript

TARGET = Target(bytes(16), 1, "www.shop.example", "127.0.0.1", 80, Scheme.HTTP)
PAGE = b"""<html><head><title>Shop</title>
<meta content="Tidepress 4.2" name=Generator><META property='og:site' content='Shop'>
<script src="/js/wave-1.9.3.min.js"></script><script src=https://cdn.example/foam.js async></script>
<script>var Swell = {};</script></head><body class="tide-theme">Powered by <b>Ebb</b> Cart</body></html>"""
FIELDS = (
    (b"Server", b"Keel/3.1 (Unix)"), (b"X-Powered-By", b"Ship"), (b"Set-Cookie", b"keelsession=abc; Path=/"),
)  # fmt: skip


def pack_of(**technologies: object) -> TechnologyPack:
    return read_technologies(json.dumps({"technologies": technologies}).encode(), "mine.json")


def root(body: bytes = PAGE, ordinal: int = 0, parent: int | None = None) -> Exchange:
    return Exchange(
        TARGET.target_id, 1, ordinal, 1, Request("/", Purpose.ROOT), 0, Answered(), status=200, http_version="1.1",
        fields=FIELDS, body=body, body_bytes=len(body), parent=parent,
    )  # fmt: skip


def found(pack: TechnologyPack, *exchanges: Exchange) -> dict[str, FoundTechnology]:
    told = Technologies(pack).find(exchanges or (root(),), TARGET.base_url)
    return {each.name: each for each in told}


@pytest.mark.parametrize(
    ("told", "version", "evidence"),
    [
        ({"headers": {"Server": r"Keel(?:/([\d.]+))?\;version:\1"}}, "3.1", "headers server"),
        ({"headers": {"X-Powered-By": ""}}, "", "headers x-powered-by"),
        ({"cookies": {"keelsession": ""}}, "", "cookies keelsession"),
        ({"cookies": {"KeelSession": r"^([a-z]+)$\;version:\1"}}, "abc", "cookies keelsession"),
        ({"meta": {"generator": r"^Tidepress ([\d.]+)\;version:\1"}}, "4.2", "meta generator"),
        ({"meta": {"generator": ["^Other", r"^Tidepress ([\d.]+)\;version:\1"]}}, "4.2", "meta generator"),
        ({"meta": {"og:site": "^shop$"}}, "", "meta og:site"),
        ({"scriptSrc": r"wave-([\d.]+)\.min\.js\;version:\1"}, "1.9.3", "scriptSrc"),
        ({"scriptSrc": ["nothing", "//cdn\\.example/"]}, "", "scriptSrc"),
        ({"scripts": "var Swell"}, "", "scripts"),
        ({"html": "<body[^>]+tide-theme"}, "", "html"),
        ({"text": r"\bEbb\b"}, "", "text"),
        ({"url": r"^http://www\.shop\.example"}, "", "url"),
        ({"html": r"Shop|(none)\;version:\1?old:new"}, "new", "html"),
        ({"meta": {"generator": r"Tidepress (\d)?\;version:\1?4.x:"}}, "4.x", "meta generator"),
    ],
)
def test_each_feed_tells_name_and_version(told: dict[str, object], version: str, evidence: str) -> None:
    pack = pack_of(Thing={"cats": [1], **told})
    assert pack.refused == ()
    thing = found(pack)["Thing"]

    assert (thing.version, thing.confidence, thing.evidence) == (version, 100, (evidence,))


@pytest.mark.parametrize(
    "told",
    [
        {"headers": {"Server": "Anchor"}},
        {"headers": {"X-None": ""}},
        {"cookies": {"other": ""}},
        {"meta": {"generator": "^Shop"}},
        {"scriptSrc": "Swell"},
        {"scripts": "wave-1"},
        {"text": "tide-theme"},
        {"url": "^https:"},
        {"js": {"Swell": ""}, "dom": ".tide-theme"},
    ],
)
def test_what_is_not_there_is_not_told(told: dict[str, object]) -> None:
    assert found(pack_of(Thing=told)) == {}


def test_confidence_is_summed_and_each_pattern_counts_once() -> None:
    pack = pack_of(Thing={"html": [r"Shop\;confidence:30", r"tide\;confidence:40"]})

    assert found(pack)["Thing"].confidence == 70
    assert found(pack, root(), root(ordinal=1, parent=0))["Thing"].confidence == 70
    assert found(pack_of(Thing={"html": ["Shop", "tide"]}))["Thing"].confidence == 100


def test_what_comes_with_a_technology_is_told_too() -> None:
    pack = pack_of(
        Top={"html": "Shop", "implies": [r"Middle\;confidence:50", "Unheard"]},
        Middle={"implies": "Base"},
        Base={"cats": [27]},
    )
    told = found(pack)

    assert set(told) == {"Top", "Middle", "Base", "Unheard"}
    assert (told["Middle"].confidence, told["Base"].confidence) == (50, 50)
    assert told["Base"].evidence == ("implied by Middle",)
    assert told["Base"].role == "language"


def test_a_circle_of_implications_ends() -> None:
    assert set(found(pack_of(A={"html": "Shop", "implies": "B"}, B={"implies": "A"}))) == {"A", "B"}


def test_requires_and_excludes_are_heeded() -> None:
    needing = {"Part": {"html": "Shop", "requires": "Whole"}, "Whole": {"html": "%s"}}
    assert found(pack_of(**needing)) == {}
    assert set(found(pack_of(**{**needing, "Whole": {"html": "tide"}}))) == {"Part", "Whole"}
    assert found(pack_of(Part={"html": "Shop", "requiresCategory": 7})) == {}
    assert set(found(pack_of(Part={"html": "Shop", "requiresCategory": 7}, Other={"html": "tide", "cats": [7]}))) == {
        "Part", "Other",
    }  # fmt: skip
    by_name = {"Part": {"html": "Shop", "requiresCategory": "Commerce"}, "Other": {"html": "tide", "cats": [7]}}
    named = {"technologies": by_name, "categories": {"7": {"name": "Commerce"}}}
    assert set(found(read_technologies(json.dumps(named).encode(), "mine.json"))) == {"Part", "Other"}
    assert set(found(pack_of(**by_name))) == {"Other"}
    assert set(found(pack_of(A={"html": "Shop", "excludes": ["B"]}, B={"html": "tide"}))) == {"A"}


def test_what_is_required_may_be_implied_and_what_is_excluded_implies_nothing() -> None:
    pack = pack_of(Part={"html": "Shop", "requires": "Base"}, Top={"html": "tide", "implies": "Base"}, Base={})
    assert set(found(pack)) == {"Part", "Top", "Base"}
    pack = pack_of(A={"html": "Shop", "excludes": "B"}, B={"html": "tide", "implies": "C"}, C={})
    assert set(found(pack)) == {"A"}
    pack = pack_of(A={"html": "Shop", "implies": r"B\;version:\1"}, B={})
    assert found(pack)["B"].version == ""


def test_a_page_of_scripts_that_are_not_closed_is_read_once() -> None:
    technologies = Technologies(pack_of(Thing={"text": "seen"}))
    page = root(b"seen" + b"<script>" * 32_768 + b"<style>" * 1000)

    (tag,) = technologies._readers._tag.find_all(page.body)
    assert tag.end == len(page.body)
    assert [each.name for each in technologies.find((page,), TARGET.base_url)] == ["Thing"]


def test_only_the_front_page_and_where_it_leads_are_looked_at() -> None:
    other = Exchange(
        TARGET.target_id,
        1,
        1,
        1,
        Request("/none", Purpose.ABSENT),
        0,
        Answered(),
        status=404,
        body=b"Lost",
        body_bytes=4,
    )
    pack = pack_of(Thing={"html": "Lost"})

    assert found(pack, root(), other) == {}
    assert set(found(pack, root(), root(b"Lost", 1, 0))) == {"Thing"}


@pytest.mark.parametrize("pattern", ["a(?=b)", "a(?<!b)c", r"(a)\1", "a{5000}", "(", "x" * 3000])
def test_a_pattern_that_cannot_be_run_is_refused_by_name_and_the_rest_is_kept(pattern: str) -> None:
    pack = pack_of(Thing={"html": [pattern, "Shop"], "meta": {"generator": pattern}})

    assert [(each.technology, each.key) for each in pack.refused] == [("Thing", "meta.generator"), ("Thing", "html")]
    assert all(each.reason for each in pack.refused)
    assert set(found(pack)) == {"Thing"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ("a", "", 100)),
        (r"a\;version:\1", ("a", r"\1", 100)),
        (r"a\;confidence:50\;version:2", ("a", "2", 50)),
        (r"\;confidence:999", ("", "", 100)),
        (r"a\;confidence:x\;odd", ("a", "", 100)),
    ],
)
def test_tags_stand_behind_the_pattern(text: str, expected: tuple[str, str, int]) -> None:
    assert split_tags(text) == expected


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"{", "no JSON"),
        (b"[1]", "no JSON"),
        (b'{"A": 1}', "each technology must be a table"),
        (b'{"technologies": [1]}', "technologies must be a table"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_place(data: bytes, sentence: str) -> None:
    with pytest.raises(CheckError, match=sentence) as told:
        read_technologies(data, "mine.json")
    assert "mine.json" in told.value.where


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (1, "must be a table"),
        ({"html": 5}, "html must be texts"),
        ({"headers": "x"}, "headers must be texts by name"),
        ({"cats": ["x"]}, "cats must be numbers"),
        ({"cats": [True]}, "cats must be numbers"),
        ({"cats": [-1]}, "cats must be numbers"),
        ({"html": ["a"] * 600}, "html holds more than 500"),
    ],
)
def test_a_wrong_technology_refuses_only_itself(told: object, sentence: str) -> None:
    pack = pack_of(Wrong=told, Right={"html": "Shop"})
    (refused,) = pack.refused
    assert (refused.technology, refused.key) == ("Wrong", "")
    assert sentence in refused.reason
    assert set(found(pack)) == {"Right"}


def test_patterns_that_grow_without_end_are_refused_from_there_on() -> None:
    pack = pack_of(**{f"T{number}": {"html": "[a-z]{900}" * 10} for number in range(1200)}, Last={"html": "Shop"})
    assert any("compile to over 8,000,000 instructions" in each.reason for each in pack.refused)
    assert pack.technologies[0].patterns


@pytest.mark.parametrize(
    ("pattern", "spelled"),
    [
        ("a[^]*b", r"a[\s\S]*b"),
        ("a[]|b", r"a[^\s\S]|b"),
        (r"\[^]b", r"\[^]b"),
        (r"[\]a[]b", r"[\]a[]b"),
        ("[^]]", r"[\s\S]]"),
        ("[^a[]b", "[^a[]b"),
        ("[a", "[a"),
    ],
)
def test_javascripts_own_classes_are_spelled_for_re2(pattern: str, spelled: str) -> None:
    assert spelled_for_re2(pattern) == spelled


def test_javascripts_any_class_reaches_over_lines() -> None:
    assert set(found(pack_of(Any={"html": "Tidepress[^]+Swell"}, None_={"html": "Shop[]"}))) == {"Any"}


def test_an_empty_pattern_is_no_pattern_where_there_is_no_name() -> None:
    pack = pack_of(Thing={"html": "", "headers": {"Server": ""}})
    assert [(each.key, each.reason) for each in pack.refused] == [
        ("html", "an empty pattern would be found on every page")
    ]
    assert set(found(pack)) == {"Thing"}


def test_attributes_are_read_by_their_own_names_and_without_entities() -> None:
    page = b"""<meta data-name="generator" content="Wrong">
    <meta name="generator" data-content="Wrong" content="A &amp; B">
    <script data-src="/wrong.js" src="/js?a=1&amp;v=2.5"></script>"""
    pack = pack_of(
        Wrong={"meta": {"generator": "Wrong"}, "scriptSrc": "wrong"},
        Meta={"meta": {"generator": "^A & B$"}},
        Script={"scriptSrc": r"a=1&v=([\d.]+)\;version:\1"},
    )
    told = found(pack, root(page))
    assert set(told) == {"Meta", "Script"}
    assert told["Script"].version == "2.5"


def test_a_certificate_tells_by_who_signed_it() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tidal Trust")])
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    signed = builder.serial_number(1).not_valid_before(day).not_valid_after(day).sign(key, hashes.SHA256())
    der = signed.public_bytes(Encoding.DER)
    sha256 = hashlib.sha256(der).digest()
    exchange = msgspec.structs.replace(root(), tls=TlsSummary("TLSv1.3", "x", "", (sha256,)))
    technologies = Technologies(pack_of(Trust={"certIssuer": "Tidal Trust"}))
    assert technologies.reads_certificates
    (told,) = technologies.find([exchange], TARGET.base_url, [Certificate(sha256, der)])
    assert (told.name, told.evidence) == ("Trust", ("certIssuer",))
    assert technologies.find([exchange], TARGET.base_url) == ()


def test_a_pack_may_name_its_licence_itself(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"Shop": {"html": "Shop"}}')
    (tmp_path / "LICENSE").write_text("MIT License")
    (tmp_path / "pack.toml").write_text('licence = "GPL-3.0-only"\n')
    assert load_technologies(tmp_path).licence == "GPL-3.0-only"
    (tmp_path / "pack.toml").write_text("licence =")
    with pytest.raises(CheckError, match="no TOML"):
        load_technologies(tmp_path)


def test_a_folder_has_files_categories_and_a_licence(tmp_path: Path) -> None:
    (tmp_path / "technologies").mkdir()
    (tmp_path / "technologies" / "s.json").write_text('{"Shop": {"cats": [6, 9], "html": "Shop"}}')
    (tmp_path / "technologies" / "t.json").write_text('{"Tide": {"html": "tide", "js": {"x": ""}}}')
    (tmp_path / "technologies" / "categories.json").write_text('{"6": {"name": "Commerce"}}')
    (tmp_path / "LICENSE").write_text("MIT License\n\nCopyright")
    pack = load_technologies(tmp_path / "technologies")

    assert pack.licence == "MIT License"
    assert [each.name for each in pack.technologies] == ["Shop", "Tide"]
    assert pack.technologies[1].not_fed == ("js",)
    assert found(pack)["Shop"].categories == ("Commerce", "9")
    assert load_technologies(tmp_path / "technologies" / "s.json").categories == {6: "Commerce"}
    with pytest.raises(CheckError, match="no technologies"):
        load_technologies(tmp_path / "nothing")


def test_a_survey_takes_them_as_software_and_its_judgement_tells_them_apart(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(
        '{"Shop": {"cats": [6], "html": "Shop"}, "Keel": {"headers": {"server": "Keel"}}}'
    )
    plain = load_engine(ChecksSection(), PlanSection(), tmp_path)
    further = load_engine(ChecksSection(technologies=("mine.json",)), PlanSection(), tmp_path)
    transcript = Transcript(TARGET, 1, Answered(), (root(),))
    before, after = plain.assess(transcript), further.assess(transcript)
    rows = after.software[len(before.software) :]

    assert [(row.product, row.role, row.family, row.source, row.part) for row in rows] == [
        ("Shop", "application", "", "technology:Shop", "html"),
    ]  # fmt: skip
    assert (after.family, after.version) == (before.family, before.version)
    assert plain.manifest.id != further.manifest.id
    (tmp_path / "mine.json").write_text('{"Shop": {"cats": [6], "html": "Shops"}}')
    assert (
        load_engine(ChecksSection(technologies=("mine.json",)), PlanSection(), tmp_path).manifest.id
        != further.manifest.id
    )
