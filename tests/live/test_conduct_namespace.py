"""A survey of addresses that are not loopback, from the page that explains it to the second round, in a namespace."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

import namespace_world
from namespace_world import PROVED_BY_DNS, PROVED_BY_FILE, SITE

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("namespace")]

CORE = {"/", "/favicon.ico"}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    own = ["unshare", "--net", "--mount"]
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode and "CI" not in os.environ:
        pytest.skip("this machine grants no network namespace")
    command = [*own, sys.executable, namespace_world.__file__, str(tmp_path_factory.mktemp("world"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def said(story: dict[str, Any], name: str) -> dict[str, Any]:
    told: dict[str, Any] = story["told"][name]
    return told


def document(story: dict[str, Any], name: str) -> Any:
    told = said(story, name)
    assert told["out"], told
    return json.loads(told["out"])


def test_without_a_page_no_target_is_asked_and_one_sentence_says_why(story: dict[str, Any]) -> None:
    checked = document(story, "check without a site")
    assert said(story, "check without a site")["code"] == 1
    assert "http://survey.test/ is not there: the server answers with status 404" in checked["problems"][0]
    refused = said(story, "run without a site")
    assert (refused["code"], refused["targets_asked"], refused["out"]) == (2, 0, "")
    assert refused["err"].count("\n") == 1
    assert "nobody was asked, since the page http://survey.test/ is not there" in refused["err"]


def test_asking_by_hand_needs_the_same_page(story: dict[str, Any]) -> None:
    refused = said(story, "by hand without a site")
    assert (refused["code"], refused["targets_asked"], refused["out"]) == (2, 0, "")
    assert "nobody was asked, since the page http://survey.test/ is not there" in refused["err"]
    nowhere = said(story, "by hand without an address")
    assert (nowhere["code"], nowhere["targets_asked"]) == (2, 0)
    assert "it is not known from which address we ask" in nowhere["err"]


def test_what_init_writes_passes_the_check_from_here(story: dict[str, Any]) -> None:
    assert said(story, "init")["code"] == 0
    checked = document(story, "check")
    assert (checked["is_good"], checked["problems"]) == (True, [])
    assert checked["addresses"] == {"203.0.113.10": ["survey.test"]}
    assert said(story, "check")["targets_asked"] == 0


def test_owners_prove_their_hosts_in_the_dns_or_by_a_file(story: dict[str, Any]) -> None:
    assert said(story, "verify too early")["code"] == 2
    assert "ebbtide conduct prove proved.test" in said(story, "verify too early")["err"]
    assert said(story, "verify unpublished")["code"] == 1
    assert "status 404" in document(story, "verify unpublished")["problem"]
    by_dns, by_file = document(story, "verify by dns"), document(story, "verify by file")
    assert (by_dns["how"], by_dns["host"], by_dns["problem"]) == ("dns", PROVED_BY_DNS, "")
    assert (by_file["how"], by_file["host"], by_file["problem"]) == ("file", PROVED_BY_FILE, "")


def test_the_plan_tells_who_is_asked_by_whose_leave_and_who_is_left_out(story: dict[str, Any]) -> None:
    plan = said(story, "plan")["out"]
    assert "Asked: 16 of 20 targets, a census of the frame." in plan
    assert "proof:proved.test" in plan
    assert "proof:198.51.100.9" in plan
    assert "198.51.100.16/30 opted out" in plan
    assert "drawn by chance, are asked alone" in plan


def test_an_opt_out_is_written_and_audited(story: dict[str, Any]) -> None:
    (line,) = document(story, "opt-outs")["opt_outs"]
    assert (line["what"], line["who"], line["is_in_force"], line["targets"]) == ("198.51.100.16/30", "A. Body", True, 4)


def test_the_first_share_waits_and_the_rest_follows_at_a_word(story: dict[str, Any]) -> None:
    first = said(story, "first share")
    assert first["code"] == 0
    assert "This was the first share" in first["out"]
    rest = document(story, "rest")
    assert (rest["targets"], rest["answered"], rest["skipped"], rest["held_back"]) == (20, 16, 4, 0)
    assert 0 < rest["asked"] < 20


def test_named_paths_are_asked_only_where_an_owner_allowed_them_and_the_opted_out_see_nothing(
    story: dict[str, Any],
) -> None:
    rounds = story["seen"][said(story, "plan")["targets_asked"] + said(story, "plan")["site_asked"] :]
    targets = [each for each in rounds if each[0] != SITE]
    named = {host for _, host, path in targets if path not in CORE and "?" not in path and path.count("/") > 1}
    challenge = "/.well-known/ebbtide-challenge.txt"
    active = {host for _, host, path in targets if path.startswith(("/scripts/", "/iisadmin", "/msadc"))}
    assert active == {PROVED_BY_DNS, PROVED_BY_FILE}
    assert named <= active | {host for _, host, path in targets if path == challenge}
    assert not {address for address, _, _ in targets} & {f"198.51.100.{number}" for number in range(16, 20)}


def test_a_proof_that_was_taken_away_lapses_at_the_next_round(story: dict[str, Any]) -> None:
    lapsed = document(story, "without the file")["lapsed_authorities"]
    assert list(lapsed) == [f"proof:{PROVED_BY_FILE}"]
    assert "status 404" in lapsed[f"proof:{PROVED_BY_FILE}"]
    assert document(story, "status")["lapsed_authorities"] == lapsed
