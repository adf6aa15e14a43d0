"""Five hundred servers that say yes to every name: none of them shows anything."""

from pathlib import Path

import pytest

from ebbtide.judge.engine import Engine, load_engine
from ebbtide.model.configuration import ChecksSection, PlanSection
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Transcript
from ebbtide.model.verdicts import CannotTell, CannotTellReason, Shown, Verdict
from soft_servers.answers import PACKS, product_pages
from soft_servers.personas import HONEYPOTS, KINDS, PERSONAS, Persona

TARGET = Target(bytes(range(16)), 7, "www.shop.example", "127.0.0.1", 8001, Scheme.HTTP)
SALT = b"a salt of a survey"
DOUBTS = {CannotTell(CannotTellReason.ANSWERS_EVERYTHING), CannotTell(CannotTellReason.SUSPECTED_HONEYPOT)}


@pytest.fixture(scope="module", params=[20, 1000], ids=["the usual budget", "every path"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return load_engine(
        ChecksSection(packs=PACKS), PlanSection(level=Level.ACTIVE, extra_requests=request.param), Path()
    )


def ask(engine: Engine, persona: Persona) -> Transcript:
    """Ask as a survey does: what the plan wants, until it wants no more."""
    plan = engine.plan(SALT)
    seen: list[Exchange] = []
    while requests := plan.next_requests(TARGET, seen, Level.ACTIVE):
        for request in requests:
            said = persona.answer(request.path, len(seen))
            fields = {**({"Server": persona.server} if persona.server else {}), **said.fields}
            body = said.body.encode()
            seen.append(
                Exchange(
                    TARGET.target_id, TARGET.site_id, len(seen), 1, request, 0, Answered(), status=said.status,
                    fields=tuple((name.encode(), value.encode()) for name, value in fields.items()),
                    body=body, body_bytes=len(body),
                )
            )  # fmt: skip
    return Transcript(TARGET, 1, Answered(), tuple(seen))


def verdicts_of(engine: Engine, persona: Persona) -> dict[str, Verdict]:
    return {each.check: each.verdict for each in engine.assess(ask(engine, persona)).verdicts}


def test_there_are_five_hundred_of_them_and_they_know_the_products() -> None:
    assert len(PERSONAS) >= 500
    assert len(product_pages()) > 60


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_says_yes_to_every_name_shows_nothing(engine: Engine, kind: str) -> None:
    shown = {
        (persona.mood, check): verdict.evidence[0].excerpt
        for persona in PERSONAS
        if persona.kind == kind
        for check, verdict in verdicts_of(engine, persona).items()
        if isinstance(verdict, Shown)
    }

    assert shown == {}


@pytest.mark.parametrize("kind", sorted(HONEYPOTS))
def test_a_honeypot_is_called_one_or_a_server_that_answers_everything(engine: Engine, kind: str) -> None:
    for persona in PERSONAS:
        if persona.kind == kind:
            told = verdicts_of(engine, persona)
            assert {told["git-folder"], told["phpmyadmin"], told["jenkins-login"]} & DOUBTS, persona


def test_one_product_of_a_honeypot_alone_would_be_shown(engine: Engine) -> None:
    """So that it is the crowd of products which is doubted, and not the page of any of them."""
    told = {each.check: each.verdict for each in engine.assess(ask(engine, Persona("one_product", 0, ""))).verdicts}

    assert isinstance(told["git-folder"], Shown)
    assert {check for check, verdict in told.items() if isinstance(verdict, Shown)} == {"git-folder"}
