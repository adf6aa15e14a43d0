from pathlib import Path

import msgspec
import pytest

from ebbtide.probe.masking import Masker, usual_masker
from ebbtide.probe.masking_rules import ANYWHERE, MaskingRule, read_rules, rule_pattern

RULES = read_rules()
SECRETS = [(rule, told, masked) for rule in RULES for told, masked in rule.secrets]
INNOCENT = [(rule, told) for rule in RULES for told in rule.innocent]


def name_of(rule: MaskingRule) -> bytes:
    return b"x-anything" if rule.where == ANYWHERE else rule.where[0].encode()


@pytest.mark.parametrize(("rule", "told", "masked"), SECRETS, ids=[f"{rule.id}" for rule, _, _ in SECRETS])
def test_a_rule_masks_its_secrets_and_nothing_round_them(rule: MaskingRule, told: str, masked: str) -> None:
    fields = ((name_of(rule), told.encode()),)
    found = Masker([rule]).mask(fields, b"")
    assert found.fields == ((name_of(rule), masked.encode()),)
    assert found.told == (f"fields/{rule.id}:1",)
    if rule.where == ANYWHERE:
        in_body = Masker([rule]).mask((), told.encode())
        assert (in_body.body, in_body.told) == (masked.encode(), (f"body/{rule.id}:1",))


@pytest.mark.parametrize(("rule", "told"), INNOCENT, ids=[rule.id for rule, _ in INNOCENT])
def test_a_rule_leaves_what_only_looks_like_a_secret(rule: MaskingRule, told: str) -> None:
    found = Masker([rule]).mask(((name_of(rule), told.encode()),), told.encode())
    assert found.told == ()
    assert found.body == told.encode()


@pytest.mark.parametrize(("rule", "told", "masked"), SECRETS, ids=[f"{rule.id}" for rule, _, _ in SECRETS])
def test_all_rules_together_leave_no_octet_of_a_secret(rule: MaskingRule, told: str, masked: str) -> None:
    found = usual_masker().mask(
        ((name_of(rule), b"<p>\xff\n" + told.encode() if rule.where == ANYWHERE else told.encode()),), b""
    )
    ((_, value),) = found.fields
    assert all(ours in (ord("*"), theirs) for ours, theirs in zip(value[-len(masked) :], masked.encode(), strict=True))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.where == ANYWHERE], ids=lambda rule: rule.id)
def test_a_glance_can_rule_out_every_rule_that_looks_everywhere(rule: MaskingRule) -> None:
    pattern = rule_pattern(rule)
    assert "secret" in pattern.group_names
    assert rule.needs or pattern.literals
    assert not any(literal.ignore_case for literal in pattern.literals)


@pytest.mark.parametrize("missing", ["source", "secrets", "innocent", "second secret", "second innocent"])
def test_a_rule_without_source_secrets_and_look_alikes_is_refused(missing: str, tmp_path: Path) -> None:
    keys = {
        "id": '"x"',
        "where": '"anywhere"',
        "pattern": "'abc(?P<secret>d)'",
        "source": '"RFC 1"',
        "secrets": '[["abcd", "abc*"], ["abcde", "abc*e"]]',
        "innocent": '["abc", "bcd"]',
    }
    (tmp_path / "good.toml").write_text("[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))
    assert len(read_rules(tmp_path / "good.toml")) == 1
    changed = {"second secret": ("secrets", '[["abcd", "abc*"]]'), "second innocent": ("innocent", '["abc"]')}
    key, value = changed.get(missing, (missing, ""))
    keys[key] = value
    text = "[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value)
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(msgspec.ValidationError):
        read_rules(tmp_path / "bad.toml")


def test_two_rules_of_one_id_are_refused(tmp_path: Path) -> None:
    text = Path("src/ebbtide/probe/masking.toml").read_text()
    (tmp_path / "twice.toml").write_text(text + text)
    with pytest.raises(ValueError, match="twice"):
        read_rules(tmp_path / "twice.toml")


def test_an_ordinary_answer_is_handed_back_as_it_is() -> None:
    fields = ((b"Server", b"nginx"), (b"Content-Type", b"text/html"))
    body = b"<html><p>Mail to joe@example.org, see https://example.org:8080/ for more.</p>"
    found = usual_masker().mask(fields, body)
    assert found.fields is fields
    assert found.body is body
    assert found.told == ()


def test_two_secrets_of_one_text_are_masked_each_by_its_rule_and_counted() -> None:
    body = b"DB_PASSWORD=hunter2\nURL=mysql://a:b@c\nAPI_KEY=ghp_0123456789abcdefghijABCDEFGHIJ012345\n"
    found = usual_masker().mask(((b"Set-Cookie", b"a=0123456789abc"),), body)
    assert found.body == b"DB_PASSWORD=*******\nURL=mysql://a:*@c\nAPI_KEY=" + b"*" * 40 + b"\n"
    assert found.told == (
        "body/github-token:1",
        "body/password-in-url:1",
        "body/variable-in-capitals:2",
        "fields/set-cookie:1",
    )


def test_what_is_masked_already_is_not_masked_again() -> None:
    masker = usual_masker()
    once = masker.mask(((b"Set-Cookie", b"a=0123456789abc; path=/"),), b"DB_PASSWORD=hunter2\n")
    again = masker.mask(once.fields, once.body)
    assert (again.fields, again.body, again.told) == (once.fields, once.body, ())
