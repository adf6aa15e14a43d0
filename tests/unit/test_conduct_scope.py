import datetime as dt
import pickle

import pytest

from ebbtide.conduct.authority import level_for
from ebbtide.conduct.identity import is_complete, user_agent
from ebbtide.conduct.opt_outs import OptOut
from ebbtide.conduct.scope import Scope, build_scope
from ebbtide.model.configuration import Identity, ScopeSection
from ebbtide.model.errors import ConductError
from ebbtide.model.outcomes import SkipReason
from ebbtide.model.targets import Level

SOMEBODY = Identity(organisation="Freedonia CERT", page="https://survey.example/", contact="survey@cert.example")
NOBODY = Identity()


def scope(
    *opened: str, exclude: tuple[str, ...] = (), who: Identity = SOMEBODY, opt_outs: tuple[OptOut, ...] = ()
) -> Scope:
    return build_scope(ScopeSection(open=opened, exclude=exclude), who, opt_outs, "survey.toml")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255"),
        *("0.0.0.0", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "2001:db8::1", "64:ff9b:1::1"),
    ],
)
def test_a_special_purpose_address_is_closed_until_its_range_is_opened_by_name(address: str) -> None:
    forbidden = scope().decide_address(address)
    assert forbidden is not None
    assert forbidden.reason is SkipReason.OUT_OF_SCOPE
    length = 32 if "." in address else 128
    assert scope(f"{address}/{length}").decide_address(address) is None


@pytest.mark.parametrize(
    "address", ["::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "::10.0.0.1", "2001:0:0:0:0:0:f5ff:fffe"]
)
def test_an_address_inside_an_address_is_judged_too(address: str) -> None:
    assert scope().decide_address(address) is not None


def test_an_ordinary_address_is_open_to_a_survey_that_says_who_it_is_and_to_no_other() -> None:
    assert scope().decide_address("8.8.8.8") is None
    assert scope().decide_address("2606:4700::1111") is None
    forbidden = scope(who=NOBODY).decide_address("8.8.8.8")
    assert forbidden is not None
    assert forbidden.detail == "no identity"


def test_without_an_identity_only_opened_loopback_is_asked() -> None:
    mine = scope("127.0.0.0/8", "10.0.0.0/8", who=NOBODY)
    assert mine.decide_address("127.3.4.5") is None
    assert mine.decide_address("10.0.0.1") is not None


def test_what_the_operator_excludes_stays_closed_even_inside_an_opened_range() -> None:
    mine = scope("127.0.0.0/8", exclude=("127.9.0.0/16", "www.shop.test", ".bank.test"))
    assert mine.decide_address("127.8.0.1") is None
    assert mine.decide_address("127.9.0.1") is not None
    assert mine.decide_host("www.shop.test") is not None
    assert mine.decide_host("shop.test") is None
    assert mine.decide_host("a.b.bank.test") is not None
    assert mine.decide_host("bank.test") is not None
    assert mine.decide_host("riverbank.test") is None


def test_an_opt_out_counts_until_it_expires() -> None:
    entry = OptOut("127.0.0.0/30", dt.date(2001, 8, 1), "asked by mail", "owner")
    section = ScopeSection(open=("127.0.0.0/8",))
    then = build_scope(section, NOBODY, (entry,), "survey.toml", as_of=dt.date(2001, 8, 1))
    later = build_scope(section, NOBODY, (entry,), "survey.toml", as_of=dt.date(2001, 8, 2))
    forbidden = then.decide_address("127.0.0.2")
    assert forbidden is not None
    assert forbidden.reason is SkipReason.OPTED_OUT
    assert later.decide_address("127.0.0.2") is None


@pytest.mark.parametrize("text", ["127.0.0.0/40", "127.0.0.1/8", "loopback", "8.8.8.0/24", ""])
def test_a_range_that_cannot_be_opened_is_named_with_its_key(text: str) -> None:
    with pytest.raises(ConductError, match=r"survey\.toml: scope\.open"):
        scope(text)


@pytest.mark.parametrize("text", ["127.0.0.0/40", "1.2.3/x", "", ":::"])
def test_an_exclusion_that_can_be_neither_prefix_nor_name_is_refused(text: str) -> None:
    with pytest.raises(ConductError, match=r"scope\.exclude"):
        scope(exclude=(text,))


def test_a_scope_travels_to_another_process_unchanged() -> None:
    mine = scope("127.0.0.0/8", exclude=("127.9.0.0/16", ".bank.test"))
    assert pickle.loads(pickle.dumps(mine)) == mine  # noqa: S301 - our own bytes


def test_only_opened_loopback_is_asked_actively() -> None:
    mine = scope("127.0.0.0/8")
    assert level_for("127.1.1.1", Level.ACTIVE, mine) is Level.ACTIVE
    assert level_for("127.1.1.1", Level.PASSIVE, mine) is Level.PASSIVE
    assert level_for("8.8.8.8", Level.ACTIVE, mine) is Level.PASSIVE
    assert level_for("::1", Level.ACTIVE, mine) is Level.PASSIVE


def test_the_user_agent_says_who_asks_and_cannot_be_broken_out_of() -> None:
    assert user_agent(NOBODY).startswith("Ebbtide/")
    assert "(" not in user_agent(NOBODY)
    named = user_agent(SOMEBODY)
    assert "Freedonia CERT; +https://survey.example/; survey@cert.example" in named
    odd = user_agent(Identity(organisation="a\r\nX: y) Mozilla (\\ ü", page="p", contact="c"))
    assert odd.isascii()
    assert odd.count("(") == odd.count(")") == 1
    assert "\r" not in odd
    assert "\n" not in odd


def test_an_identity_is_complete_only_with_all_three_parts() -> None:
    assert is_complete(SOMEBODY)
    assert not is_complete(Identity(organisation="x", page="y", contact="  "))
