"""Whether what stands on the web says who we are."""

from datetime import UTC, datetime

import msgspec
import pytest

from ebbtide.conduct.identity_check import Fetched, IdentitySeen, IdentityVerdict, judge_identity
from ebbtide.conduct.well_known import parse_fields, render_probing, render_security, well_known_url
from ebbtide.model.configuration import Identity

NOW = datetime(2026, 11, 1, tzinfo=UTC)
IDENTITY = Identity("Example University", "https://survey.example.org/why/", "survey@example.org")
PROBING = "https://survey.example.org/.well-known/probing.txt"
PAGE = b"<p>Questions: <a href='mailto:Survey@Example.org'>Survey&#64;example.org</a></p><h2>Opting&nbsp;out</h2>"


def text(*, contact: str = "mailto:survey@example.org", expires: str = "2027-01-01T00:00:00Z", more: str = "") -> bytes:
    return f"# ours\nContact: {contact}\nExpires: {expires}\nDescription: a survey\n{more}".encode()


def seen(
    page: bytes = PAGE, probing: bytes | None = None, names: dict[str, tuple[str, ...]] | None = None
) -> IdentitySeen:
    return IdentitySeen(
        Fetched(IDENTITY.page, 200, "text/html", page),
        Fetched(PROBING, 200, "text/plain", text() if probing is None else probing),
        {"203.0.113.9": ("survey.example.org",)} if names is None else names,
    )


def judged(what: IdentitySeen, identity: Identity = IDENTITY) -> IdentityVerdict:
    return judge_identity(identity, what, NOW)


def test_a_page_that_names_contact_and_opt_out_beside_a_current_probing_txt_is_good() -> None:
    verdict = judged(seen())
    assert verdict.is_good
    assert verdict.problems == ()
    assert verdict.expires == "2027-01-01T00:00:00Z"
    assert verdict.addresses == {"203.0.113.9": ("survey.example.org",)}


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (seen(page=b"<h2>Opt-out</h2> by carrier pigeon"), "does not name the contact survey@example.org"),
        (seen(page=b"write to survey@example.org"), "does not say how to opt out"),
        (seen(page=b""), "the answer is empty"),
        (seen(probing=text(contact="mailto:other@example.org")), "is not ours: it has no line Contact"),
        (seen(probing=text(expires="2026-10-31T23:59:59Z")), "is out of date: it expired at 2026-10-31"),
        (seen(probing=text(expires="soon")), "must say once when it expires"),
        (seen(probing=text(more="Expires: 2028-01-01T00:00:00Z\n")), "must say once when it expires"),
        (seen(probing=text(more="Canonical: https://other.example/p.txt\n")), "its Canonical is https://other.example"),
        (seen(probing=b"<html>not found</html>"), "is not ours"),
        (seen(names={}), "it is not known from which address we ask"),
        (seen(names={"203.0.113.9": ()}), "there is no reverse DNS for 203.0.113.9"),
    ],
)
def test_each_thing_that_is_missing_is_a_problem_told_in_a_sentence(what: IdentitySeen, sentence: str) -> None:
    verdict = judged(what)
    assert not verdict.is_good
    assert sentence in verdict.problems[0]


@pytest.mark.parametrize("where", ["page", "probing"])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": 404}, "status 404"),
        ({"status": 301}, "status 301"),
        ({"status": None, "problem": "connect failed, timed out"}, "connect failed, timed out"),
    ],
)
def test_what_cannot_be_fetched_is_not_there(where: str, change: dict[str, object], sentence: str) -> None:
    whole = seen()
    cut = msgspec.structs.replace(whole, **{where: msgspec.structs.replace(getattr(whole, where), **change)})
    assert f"is not there: the server answers with {sentence}." in judged(cut).problems[0] or (
        f"is not there: {sentence}." in judged(cut).problems[0]
    )


def test_a_reason_stands_in_for_missing_reverse_dns_and_is_told_and_a_blank_one_does_not() -> None:
    nameless = seen(names={"203.0.113.9": ()})
    waived = judged(nameless, msgspec.structs.replace(IDENTITY, reverse_dns_waiver="the provider delegates none"))
    assert (waived.is_good, waived.waiver) == (True, "the provider delegates none")
    assert "203.0.113.9" in waived.remarks[0]
    assert not judged(nameless, msgspec.structs.replace(IDENTITY, reverse_dns_waiver="  ")).is_good


def test_a_waiver_that_is_not_needed_is_not_claimed() -> None:
    assert judged(seen(), msgspec.structs.replace(IDENTITY, reverse_dns_waiver="none to be had")).waiver == ""


def test_a_place_to_opt_out_of_its_own_must_stand_on_the_page_too() -> None:
    identity = msgspec.structs.replace(IDENTITY, opt_out="https://survey.example.org/stop")
    assert "place to opt out" in judged(seen(), identity).problems[0]
    assert judged(seen(page=PAGE + b"https://survey.example.org/stop"), identity).is_good


def test_an_incomplete_identity_is_the_first_problem() -> None:
    assert "[identity]" in judged(seen(), Identity("", IDENTITY.page, IDENTITY.contact)).problems[0]


def test_the_digest_tells_whether_anything_that_was_seen_differs() -> None:
    digests = {judged(each).digest for each in (seen(), seen(page=PAGE + b" "), seen(names={"203.0.113.9": ("b",)}))}
    assert len(digests) == 3
    assert judged(seen()).digest == judged(seen()).digest


def test_the_files_that_we_write_have_the_fields_of_their_documents_and_pass_the_check() -> None:
    identity = msgspec.structs.replace(
        IDENTITY, purpose="To learn\nhow soon holes are mended.", opt_out="stop@example.org", languages=("en", "de")
    )
    expires = datetime(2027, 6, 1, 12, tzinfo=UTC)
    probing = render_probing(identity, expires)
    fields = parse_fields(probing)
    assert set(fields) == {"canonical", "contact", "expires", "preferred-languages", "description"}
    assert fields["canonical"] == (PROBING,)
    assert fields["contact"] == ("mailto:survey@example.org", "mailto:stop@example.org")
    assert fields["preferred-languages"] == ("en, de",)
    assert fields["description"][0].startswith("To learn how soon holes are mended.")
    page = PAGE + b" or stop@example.org"
    assert judged(seen(page=page, probing=probing.encode()), identity).is_good
    security = parse_fields(render_security(identity, expires))
    assert set(security) == {"contact", "expires", "canonical", "preferred-languages"}
    assert security["canonical"] == ("https://survey.example.org/.well-known/security.txt",)
    assert security["expires"] == ("2027-06-01T12:00:00Z",)


def test_well_known_files_lie_at_the_root_of_the_pages_server() -> None:
    assert well_known_url("http://a.example:8080/b/c?d", "/.well-known/x") == "http://a.example:8080/.well-known/x"
