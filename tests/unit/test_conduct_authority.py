"""Who allows the active level: proofs, consents and mandates, and what happens when they end."""

import hashlib
import pickle
from datetime import date
from pathlib import Path

import pytest

from ebbtide.conduct.authority import (
    NO_AUTHORITIES,
    Authority,
    AuthorityKind,
    Grant,
    is_loopback,
    level_for,
    make_authorities,
)
from ebbtide.conduct.authority_files import read_authorities
from ebbtide.conduct.identity_check import Fetched
from ebbtide.conduct.proofs import find_proof, lines_of_file, make_challenge, proof_authority, survey_id
from ebbtide.conduct.scope import Scope, build_scope
from ebbtide.model.configuration import AuthoritySection, Identity, ScopeSection
from ebbtide.model.errors import ConductError
from ebbtide.model.targets import Level

DAY = date(2026, 5, 1)
SALT = b"sixteen bytes ok"
OUTSIDE = "93.184.216.34"


def scope_of(*opened: str, exclude: tuple[str, ...] = ()) -> Scope:
    identity = Identity("Example University", "https://survey.example.org/", "survey@example.org")
    return build_scope(ScopeSection(open=opened, exclude=exclude), identity, (), "survey.toml", today=DAY)


def authority(
    *scope: str, expires: date = DAY, checks: tuple[str, ...] = ("*",), level: Level = Level.ACTIVE
) -> Authority:
    return Authority(AuthorityKind.CONSENT, f"consent:{scope[0]}", "A. Body", scope, level, checks, expires)


def granted(
    known: tuple[Authority, ...],
    host: str = "www.example.org",
    addresses: tuple[str, ...] = (OUTSIDE,),
    checks: tuple[str, ...] = (),
    day: date = DAY,
) -> Grant:
    return level_for(host, addresses, Level.ACTIVE, scope_of(), make_authorities(known, checks), day)


def test_opened_loopback_may_be_asked_actively_and_nobody_else_without_an_authority() -> None:
    scope = scope_of("127.0.0.0/8", exclude=("127.0.0.9",))

    def level(address: str, wanted: Level = Level.ACTIVE) -> Level:
        return level_for(address, (address,), wanted, scope, NO_AUTHORITIES, DAY).level

    assert level("127.0.0.1") is Level.ACTIVE
    assert level("127.0.0.1", Level.PASSIVE) is Level.PASSIVE
    for closed in ("127.0.0.9", OUTSIDE, "::1", "no address"):
        assert level(closed) is Level.PASSIVE


def test_loopback_is_recognised_in_all_its_forms() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("128.0.0.1", "::2", "::ffff:8.8.8.8", "localhost", "")))


def test_a_name_with_one_address_outside_loopback_is_outside() -> None:
    grant = level_for("a.example", ("127.0.0.1", OUTSIDE), Level.ACTIVE, scope_of("127.0.0.0/8"), NO_AUTHORITIES, DAY)
    assert grant == Grant(Level.PASSIVE)


@pytest.mark.parametrize("named", ["www.example.org", ".example.org", OUTSIDE, "93.184.0.0/16"])
def test_an_authority_that_names_host_domain_address_or_prefix_admits_and_is_named(named: str) -> None:
    assert granted((authority(named),)) == Grant(Level.ACTIVE, f"consent:{named}")


@pytest.mark.parametrize("named", ["example.org", ".www.example.com", "93.184.216.35", "w.example.org"])
def test_an_authority_for_another_host_does_not(named: str) -> None:
    assert granted((authority(named),)) == Grant(Level.PASSIVE)


def test_a_prefix_must_hold_every_address_of_a_name() -> None:
    one = (authority("93.184.216.0/24"),)
    assert granted(one, addresses=(OUTSIDE, "94.0.0.1")).level is Level.PASSIVE
    both = (authority("93.184.216.0/24", "94.0.0.0/8"),)
    assert granted(both, addresses=(OUTSIDE, "94.0.0.1")).level is Level.ACTIVE
    apart = (authority("93.184.216.0/24"), authority("94.0.0.0/8"))
    assert granted(apart, addresses=(OUTSIDE, "94.0.0.1")).level is Level.PASSIVE


def test_before_a_name_is_resolved_only_an_authority_for_the_name_counts() -> None:
    assert granted((authority("0.0.0.0/0"),), addresses=()).level is Level.PASSIVE
    assert granted((authority("www.example.org"),), addresses=()).level is Level.ACTIVE


def test_an_authority_out_of_date_falls_back_to_passive_and_says_so() -> None:
    ended = authority("www.example.org", expires=date(2026, 4, 30))
    grant = granted((ended,))
    assert grant == Grant(Level.PASSIVE, lapsed=("consent:www.example.org: it expired on 2026-04-30",))
    assert granted((ended,), day=date(2026, 4, 30)).level is Level.ACTIVE
    assert granted((ended, authority(".example.org"))) == Grant(Level.ACTIVE, "consent:.example.org")


def test_an_authority_must_allow_every_check_that_asks_for_named_paths() -> None:
    narrow = authority("www.example.org", checks=("code-red",))
    assert granted((narrow,), checks=("code-red",)).level is Level.ACTIVE
    grant = granted((narrow,), checks=("code-red", "admin-pages"))
    assert grant.level is Level.PASSIVE
    assert grant.lapsed == ("consent:www.example.org: it does not allow admin-pages",)


def test_a_consent_to_the_passive_level_does_not_allow_the_active_one() -> None:
    assert granted((authority("www.example.org", level=Level.PASSIVE),)).level is Level.PASSIVE


def test_no_authority_opens_what_the_scope_closes() -> None:
    known = make_authorities((authority("www.example.org", "10.0.0.1"),), ())
    closed = scope_of(exclude=("www.example.org",))
    assert level_for("www.example.org", (OUTSIDE,), Level.ACTIVE, closed, known, DAY).level is Level.PASSIVE
    assert level_for("other.example", ("10.0.0.1",), Level.ACTIVE, scope_of(), known, DAY).level is Level.PASSIVE


def test_authorities_can_be_handed_to_another_process() -> None:
    known = make_authorities((authority("www.example.org", "10.0.0.0/8"),), ("a",))
    assert pickle.loads(pickle.dumps(known)) == known  # noqa: S301  # our own value


CONSENT = """
who = "Jane Doe, CISO of ACME"
scope = ["www.acme.example", "192.0.2.0/24"]
level = "active"
checks = ["*"]
date = 2026-03-01
expires = 2027-03-01
document = "letter.pdf"
sha256 = "{sha256}"
"""
MANDATE = """
body = "CERT Freedonia"
legal_basis = "Network Security Act 2024, section 12"
constituency = [".gov.freedonia.example"]
level = "active"
checks = ["code-red"]
approved_by = "Dr. A. Body, head of CERT, 2026-02-01"
expires = 2026-12-31
"""


def write_files(folder: Path, consent: str = CONSENT, mandate: str = MANDATE) -> AuthoritySection:
    (folder / "letter.pdf").write_bytes(b"signed")
    sha256 = hashlib.sha256(b"signed").hexdigest()
    (folder / "consent.toml").write_text(consent.replace("{sha256}", sha256), encoding="utf-8")
    (folder / "mandate.toml").write_text(mandate, encoding="utf-8")
    return AuthoritySection(consents=("consent.toml",), mandates=("mandate.toml",))


def test_consents_and_mandates_are_read_with_all_that_is_on_record(tmp_path: Path) -> None:
    consent, mandate = read_authorities(write_files(tmp_path), tmp_path)
    assert (consent.name, consent.scope, consent.expires) == (
        *("consent:consent.toml", ("www.acme.example", "192.0.2.0/24")),
        date(2027, 3, 1),
    )
    assert consent.record["date"] == "2026-03-01"
    assert (mandate.kind, mandate.who, mandate.checks) == (AuthorityKind.MANDATE, "CERT Freedonia", ("code-red",))
    assert mandate.record["legal_basis"].startswith("Network Security Act")


@pytest.mark.parametrize(
    ("consent", "mandate", "sentence"),
    [
        (CONSENT.replace('who = "Jane Doe, CISO of ACME"', ""), MANDATE, "missing required field who"),
        (CONSENT.replace("checks = [", "checkss = ["), MANDATE, "unknown field checkss"),
        (CONSENT.replace("2027-03-01", '"soon"'), MANDATE, "expires"),
        (CONSENT.replace("{sha256}", "00"), MANDATE, "sha256"),
        (CONSENT.replace("{sha256}", "0" * 64), MANDATE, "not the one on record"),
        (CONSENT + "=", MANDATE, "no TOML"),
        (CONSENT, MANDATE.replace('[".gov.freedonia.example"]', "[]"), "constituency"),
        (CONSENT, MANDATE.replace('"active"', '"all"'), "level"),
    ],
)
def test_an_authority_that_cannot_be_read_stops_the_survey(
    tmp_path: Path, consent: str, mandate: str, sentence: str
) -> None:
    with pytest.raises(ConductError, match=sentence):
        read_authorities(write_files(tmp_path, consent, mandate), tmp_path)


def test_a_letter_kept_elsewhere_is_a_reference_only(tmp_path: Path) -> None:
    section = write_files(tmp_path, CONSENT.replace("letter.pdf", "file 17 of 2026"))
    assert read_authorities(section, tmp_path)[0].record["document"] == "file 17 of 2026"


def test_an_authority_whose_scope_names_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConductError, match=r"consent:300\.1\.1\.1/8: scope\[0\]"):
        make_authorities((authority("300.1.1.1/8"),), ())


def test_a_challenge_is_bound_to_survey_host_and_day() -> None:
    challenge = make_challenge(SALT, "www.example.org", DAY)
    assert find_proof(SALT, "www.example.org", ["", "v=spf1 -all", f" {challenge.text} "], DAY) == challenge
    assert find_proof(SALT, "example.org", [challenge.text], DAY) is None
    assert find_proof(b"another survey's", "www.example.org", [challenge.text], DAY) is None
    assert find_proof(SALT, "www.example.org", [challenge.text], date(2026, 5, 2)) is None
    later = challenge.text.replace("20260501", "20990501")
    assert find_proof(SALT, "www.example.org", [later], DAY) is None
    assert SALT.hex() not in challenge.text
    assert survey_id(SALT) in challenge.text


def test_of_several_proofs_the_one_that_lasts_longest_counts() -> None:
    texts = [make_challenge(SALT, "a.example", day).text for day in (DAY, date(2026, 6, 1), date(2026, 5, 9))]
    found = find_proof(SALT, "a.example", texts, DAY)
    assert found is not None
    assert found.expires == date(2026, 6, 1)


@pytest.mark.parametrize(
    "line", ["ebbtide-challenge=", "ebbtide-challenge=a.b.c", "ebbtide-challenge=x.20260501.", "\0é"]
)
def test_garbage_proves_nothing(line: str) -> None:
    assert find_proof(SALT, "a.example", [line] * 500, DAY) is None


@pytest.mark.parametrize(
    ("fetched", "why"),
    [
        (Fetched("http://a.example/c", 200, "text/html", b"x"), "served as text/html, not as text/plain"),
        (Fetched("http://a.example/c", 200, "", b"x"), "served as nothing"),
        (Fetched("http://a.example/c", 404, "text/plain", b"x"), "status 404"),
        (Fetched("http://a.example/c", problem="connect failed, refused"), "connect failed, refused"),
    ],
)
def test_only_a_plain_text_file_that_is_there_proves_anything(fetched: Fetched, why: str) -> None:
    lines, problem = lines_of_file(fetched)
    assert lines == []
    assert why in problem


def test_a_proof_is_for_exactly_its_host_and_lapses_when_it_is_no_longer_published() -> None:
    challenge = make_challenge(SALT, "www.example.org", DAY)
    assert granted((proof_authority(challenge, "dns"),)) == Grant(Level.ACTIVE, "proof:www.example.org")
    assert granted((proof_authority(challenge, "dns"),), host="a.www.example.org") == Grant(Level.PASSIVE)
    gone = proof_authority(challenge, "", "it is no longer published")
    assert granted((gone,)).lapsed == ("proof:www.example.org: it is no longer published",)
