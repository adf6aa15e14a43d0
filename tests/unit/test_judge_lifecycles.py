"""End of life by vendors' dates: which day decides, what distributions mend, and what tells nothing."""

import functools
import pickle
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.judge.checks.deciding import Circumstances, decide_all
from ebbtide.judge.checks.lifecycle import judge_lifecycle
from ebbtide.judge.checks.packs import load_pack
from ebbtide.judge.checks.records import Check, EndOfLife
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.engine import Engine, load_engine
from ebbtide.judge.software.identification import identify
from ebbtide.judge.templates.parts import template_script_pattern
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request, Transcript
from ebbtide.model.verdicts import CannotTell, NotAsked, NotShown, Shown, Software, Verdict

TARGET = Target(bytes(16), 7, "www.shop.example", "127.0.0.1", 8001, Scheme.HTTP)
PRODUCTS = 20
ASKED = 1_700_000_000_000_000_000
"""14 November 2023."""


@functools.cache
def checks() -> dict[str, Check]:
    return {check.id: check for check in load_pack("ended").checks}


def answer(fields: dict[str, str], body: bytes = b"", *, ordinal: int = 0, is_erased: bool = False) -> Exchange:
    return Exchange(
        target_id=TARGET.target_id,
        site_id=TARGET.site_id,
        ordinal=ordinal,
        attempt=1,
        request=Request("/" if not ordinal else "/absent.html", Purpose.ABSENT if ordinal else Purpose.ROOT),
        asked_at_ns=ASKED,
        outcome=Answered(),
        status=404 if ordinal else 200,
        http_version="1.1",
        fields=tuple((name.encode(), value.encode()) for name, value in fields.items()),
        body=body,
        body_bytes=1000 if is_erased else len(body),
    )


def verdict(check: str, *exchanges: Exchange, day: str = "2026-11-27") -> Verdict:
    found = checks()[check]
    told = identify(exchanges)
    seen = Seen(TARGET, exchanges, told.family, template_script_pattern(), software=told.software)
    return decide_all([found], seen, Circumstances(Level.PASSIVE, 0, reference_date=day))[check]


def kind(found: Verdict) -> str:
    reason = f"({found.reason})" if isinstance(found, CannotTell | NotAsked) else ""
    return f"{type(found).__name__}{reason}"


def test_twenty_products_have_dates_and_each_cites_who_says_so() -> None:
    found = checks()
    assert len(found) == PRODUCTS
    assert all(isinstance(check.decision, EndOfLife) and not check.blocks for check in found.values())
    assert all("lnerab" not in check.words + check.name for check in found.values())


@pytest.mark.parametrize(
    ("check", "fields", "day", "expected"),
    [
        ("ended-nginx", {"Server": "nginx/1.22.0"}, "2023-04-11", "NotShown"),
        ("ended-nginx", {"Server": "nginx/1.22.0"}, "2023-04-12", "Shown"),
        ("ended-nginx", {"Server": "nginx/1.22.1"}, "2023-04-12", "CannotTell(backported)"),
        ("ended-nginx", {"Server": "nginx/1.22.1"}, "2033-07-01", "Shown"),
        ("ended-nginx", {"Server": "nginx/1.13.3 (Ubuntu)"}, "2026-11-27", "CannotTell(backported)"),
        ("ended-nginx", {"Server": "nginx"}, "2026-11-27", "CannotTell(masked)"),
        ("ended-nginx", {"Server": "nginx/1"}, "2026-11-27", "CannotTell(masked)"),
        ("ended-nginx", {"Server": "nginx/1.28.0"}, "2026-04-14", "NotShown"),
        ("ended-nginx", {"Server": "nginx/1.28.0"}, "2026-04-15", "Shown"),
        ("ended-nginx", {"Server": "nginx/1.31.0"}, "2026-11-27", "NotShown"),
        ("ended-nginx", {"Server": "nginx/1.99.1"}, "2026-11-27", "NotShown"),
        ("ended-nginx", {"Server": "nginx/0.7.67"}, "2026-11-27", "Shown"),
        ("ended-nginx", {"Server": "Apache/2.2.1"}, "2026-11-27", "NotAsked(gate_closed)"),
        ("ended-nginx", {"Server": "Secured"}, "2026-11-27", "CannotTell(masked)"),
        ("ended-apache", {"Server": "Apache/2.2.34"}, "2026-11-27", "Shown"),
        ("ended-iis", {"Server": "Microsoft-IIS/5.0"}, "2001-07-15", "NotShown"),
        ("ended-iis", {"Server": "Microsoft-IIS/5.0"}, "2010-07-14", "Shown"),
        ("ended-php", {"X-Powered-By": "PHP/5.6.40"}, "2026-11-27", "Shown"),
        ("ended-php", {"X-Powered-By": "PHP/5"}, "2026-11-27", "Shown"),
        ("ended-php", {"X-Powered-By": "PHP/8"}, "2026-11-27", "CannotTell(masked)"),
        ("ended-php", {"X-Powered-By": "PHP/7.4.33-1+deb11u5"}, "2026-11-27", "CannotTell(backported)"),
        ("ended-php", {"X-Powered-By": "PHP/9.1"}, "2026-11-27", "NotShown"),
        ("ended-jetty", {"Server": "Jetty(9.4.58.v20250814)"}, "2025-08-14", "NotShown"),
        ("ended-jetty", {"Server": "Jetty(9.4.58.v20250814)"}, "2025-08-15", "Shown"),
        ("ended-php", {"Server": "nginx"}, "2026-11-27", "NotShown"),
        ("ended-openssl", {"Server": "Apache/2.4.6 OpenSSL/1.0.2u"}, "2026-11-27", "Shown"),
        ("ended-openssl", {"Server": "Apache/2.4.6 OpenSSL/1.0.2k-fips"}, "2026-11-27", "CannotTell(backported)"),
        ("ended-varnish", {"Via": "1.1 varnish"}, "2026-11-27", "CannotTell(masked)"),
        ("ended-varnish", {"Via": "1.1 varnish (Varnish/7.3)"}, "2026-11-27", "Shown"),
        ("ended-exchange", {"X-OWA-Version": "15.2.1748.26"}, "2026-11-27", "Shown"),
        ("ended-exchange", {"X-OWA-Version": "15.2.2562.1"}, "2026-11-27", "NotShown"),
    ],
)
def test_the_day_and_the_release_decide(check: str, fields: dict[str, str], day: str, expected: str) -> None:
    assert kind(verdict(check, answer(fields), day=day)) == expected


def test_the_evidence_names_the_place_and_the_last_day() -> None:
    found = verdict("ended-apache", answer({"Date": "now", "Server": "Apache/2.2.34 (Unix)"}))
    assert isinstance(found, Shown)
    (evidence,) = found.evidence
    assert (evidence.part, evidence.excerpt, evidence.matcher) == (
        "server",
        "Apache/2.2.34 (Unix)",
        "2.2 ended 2017-07-11",
    )


def test_answers_that_contradict_each_other_tell_nothing() -> None:
    old, new = {"Server": "nginx/1.12.1"}, {"Server": "nginx/1.30.0"}
    assert kind(verdict("ended-nginx", answer(old), answer(new, ordinal=1))) == "CannotTell(masked)"
    assert kind(verdict("ended-nginx", answer(old), answer(old, ordinal=1))) == "Shown"


def test_a_release_that_only_the_page_tells_cannot_be_told_once_the_page_is_erased() -> None:
    assert kind(verdict("ended-wordpress", answer({}, is_erased=True))) == "CannotTell(evidence_not_kept)"
    assert kind(verdict("ended-wordpress", answer({}))) == "NotShown"


def test_without_a_day_the_day_of_asking_decides() -> None:
    about = checks()["ended-drupal"].decision
    assert isinstance(about, EndOfLife)
    exchange = answer({"X-Generator": "Drupal 7"})
    seen = Seen(TARGET, [exchange], "nginx", template_script_pattern())
    assert isinstance(judge_lifecycle(about, seen, ""), NotShown)
    assert isinstance(judge_lifecycle(about, seen, "2025-01-06"), Shown)


def test_an_engine_judges_on_the_day_of_its_round_in_any_process() -> None:
    def shown(engine: Engine) -> bool:
        transcript = Transcript(TARGET, 1, Answered(), (answer({"Server": "nginx/1.23.1"}),))
        each = {one.check: one.verdict for one in engine.assess(transcript).verdicts}
        return isinstance(each["ended-nginx"], Shown)

    section = ChecksSection(packs=("ended",))
    then = load_engine(section, PlanSection(), Path(), None, "2023-01-01")
    now = load_engine(section, PlanSection(), Path(), None, "2026-01-01")
    assert (shown(then), shown(now)) == (False, True)
    assert (shown(pickle.loads(pickle.dumps(then))), shown(pickle.loads(pickle.dumps(now)))) == (False, True)  # noqa: S301
    assert then.manifest.id == now.manifest.id


@given(
    st.sampled_from(sorted(checks())),
    st.text(max_size=20) | st.from_regex(r"\A[0-9]{1,3}(\.[0-9]{1,3}){0,3}([-+~][a-z0-9.]*)?\Z"),
    st.dates(date(2000, 1, 1), date(2045, 1, 1)),
    st.integers(0, 4000),
)
def test_time_only_ends_what_was_mended(check: str, version: str, day: date, later: int) -> None:
    about = checks()[check].decision
    assert isinstance(about, EndOfLife)
    row = Software("", "server", "", min(about.products), version, "", "", "server")
    seen = Seen(TARGET, [answer({"Server": "x"})], "x", template_script_pattern(), software=[row])
    first = judge_lifecycle(about, seen, day.isoformat())
    second = judge_lifecycle(about, seen, (day + timedelta(later)).isoformat())
    rank = {"NotShown": 0, "CannotTell(masked)": 1, "CannotTell(backported)": 2, "Shown": 3}
    assert rank[kind(first)] <= rank[kind(second)] or kind(first) == "CannotTell(masked)" == kind(second)
