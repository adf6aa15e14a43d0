"""Every command on a survey that is there, with --json and without."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from command_line import ebbtide

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("demonstration")]

TEMPLATE = """
id: tide-page
info: {name: Tide page, author: test, severity: info}
http:
  - method: GET
    path: ["{{BaseURL}}/"]
    matchers:
      - {type: word, part: body, words: ["the tide is out"], name: out}
    extractors:
      - {type: regex, part: body, name: hour, regex: ["at ([0-9]+) o'clock"], group: 1}
"""
SEVERAL = """
id: tide-several
info: {name: Several, author: test, severity: info}
variables: {name: "{{rand_base(8)}}"}
flow: http("gate") && http(2)
http:
  - id: gate
    raw:
      - |
        GET / HTTP/1.1
        Host: {{Hostname}}

      - "GET /{{name}} HTTP/1.1\\nHost: {{Hostname}}"
    matchers: [{type: dsl, internal: true, dsl: ["contains(body_1, 'the tide') && status_code_2 == 404"]}]
  - path: ["{{BaseURL}}/{{word}}"]
    payloads: {word: words.txt}
    matchers: [{type: dsl, dsl: ["body == 'not here' && len(word) > 3"]}]
"""
REFUSED = TEMPLATE.replace("tide-page", "tide-post").replace("method: GET", "method: POST")


class TidePage(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Tide/1.2"
    sys_version = ""

    def do_GET(self) -> None:
        body = b"<title>Tide</title>the tide is out at 7 o'clock" if self.path == "/" else b"not here"
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def page() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), TidePage) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def survey(small_demonstration: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_demonstration / "survey", tmp_path / "survey"))


def test_probe_shows_every_exchange_whole(page: str) -> None:
    (view,) = ebbtide("probe", page, "--open", "127.0.0.0/8", "--json").lines()
    assert view["outcome"] == "answered"
    root, absent, icon = view["exchanges"]
    assert (root["method"], root["path"], root["status"], root["server"]) == ("GET", "/", 200, "Tide/1.2")
    assert "the tide is out" in root["body"]
    assert absent["status"] == icon["status"] == 404
    table = ebbtide("probe", page, "--open", "127.0.0.0/8")
    assert table.returncode == 0
    assert "/favicon.ico" in table.stdout


def test_templates_run_on_a_server_and_say_what_matched_and_where(page: str, tmp_path: Path) -> None:
    (tmp_path / "page.yaml").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "post.yaml").write_text(REFUSED, encoding="utf-8")
    words = ("checks", "run", page, "--open", "127.0.0.0/8", "--templates", tmp_path)
    (line,) = ebbtide(*words, "--json").lines()
    assert (line["template-id"], line["matcher-name"], line["extracted-results"]) == ("tide-page", "out", ["7"])
    assert line["matched-at"] == page
    assert "the tide is out" in line["evidence"][0]["excerpt"]
    assert "1 results of 1 templates; 1 were not run" in ebbtide(*words).stdout


def test_a_template_of_several_requests_runs_on_a_server(page: str, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("none\nfolder/page.html\n", encoding="utf-8")
    (tmp_path / "several.yaml").write_text(SEVERAL, encoding="utf-8")
    lines = ebbtide("checks", "run", page, "--open", "127.0.0.0/8", "--templates", tmp_path, "--json").lines()
    (count,) = ebbtide("checks", "lint", tmp_path, "--json").lines()

    assert [line["matched-at"] for line in lines] == [f"{page}none", f"{page}folder/page.html"]
    assert (count["requests"], count["level"]) == (4, "active")


def test_technologies_are_told_of_a_server_and_of_their_file_what_is_refused(page: str, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(
        '{"Tide": {"cats": [22], "headers": {"Server": "Tide/([0-9.]+)\\\\;version:\\\\1"}, "html": "a(?=b)"}}'
    )
    words = ("technologies", "run", page, "--open", "127.0.0.0/8", "--technologies", tmp_path)
    (line,) = ebbtide(*words, "--json").lines()
    assert (line["name"], line["version"], line["role"], line["url"]) == ("Tide", "1.2", "server", page.rstrip("/"))
    assert "headers server" in ebbtide(*words).stdout
    (told,) = ebbtide("technologies", "lint", tmp_path, "--json").lines()
    assert (told["technology"], told["patterns"], len(told["refused"])) == ("Tide", 1, 1)
    assert "1 patterns are refused" in ebbtide("technologies", "lint", tmp_path).stdout
    wrong = ebbtide("technologies", "lint", tmp_path / "none.json")
    assert wrong.returncode == 2
    assert "no technologies of that name" in wrong.stderr


def test_lint_tells_what_runs_and_why_not_the_rest(tmp_path: Path) -> None:
    (tmp_path / "page.yaml").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "post.yaml").write_text(REFUSED, encoding="utf-8")
    by_id = {line["id"]: line for line in ebbtide("checks", "lint", tmp_path, "--json").lines()}
    assert by_id["tide-page"]["runnable"] is True
    assert by_id["tide-page"]["level"] == "passive"
    assert by_id["tide-post"]["runnable"] is False
    assert by_id["tide-post"]["reasons"] == ["non-get"]
    assert "1 of 2 templates can be run" in ebbtide("checks", "lint", tmp_path).stdout


def test_checks_and_fingerprints_are_listed_and_our_own_examples_hold() -> None:
    checks = {line["id"] for line in ebbtide("checks", "list", "--json").lines()}
    assert {"code-red-ida", "admin-pages", "server-path", "script-source", "backdoor-mark", "any-hole"} <= checks
    assert "code-red-ida" in ebbtide("checks", "list").stdout
    families = {line["family"] for line in ebbtide("fingerprints", "list", "--json").lines()}
    assert {"microsoft-iis", "apache", "nginx"} <= families
    assert "microsoft-iis" in ebbtide("fingerprints", "list").stdout


def test_a_false_example_fails_the_verification_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.xml"
    text = (
        '<fingerprints matches="http_header.server"><fingerprint pattern="^Tide/([0-9.]+)$">'
        "<description>Tide</description><example service.version='{}'>Tide/1.2</example>"
        '<param pos="1" name="service.version"/></fingerprint></fingerprints>'
    )
    path.write_text(text.format("1.2"), encoding="utf-8")
    assert ebbtide("fingerprints", "verify", path).returncode == 0
    path.write_text(text.format("9.9"), encoding="utf-8")
    failed = ebbtide("fingerprints", "verify", path, "--json")
    assert failed.returncode == 1
    assert len(failed.document()["failures"]) == 1


def test_a_finished_round_tells_its_state_and_is_neither_run_nor_sealed_again(survey: Path) -> None:
    state = ebbtide("survey", "status", "2001-07", "--survey", survey, "--json").document()
    assert state["state"] == "sealed"
    assert ebbtide("survey", "status", "2001-07", "--survey", survey).returncode == 0
    for command in ("run", "seal"):
        again = ebbtide("survey", command, "2001-07", "--survey", survey)
        assert again.returncode == 2
        assert "sealed" in again.stderr


def test_the_plan_counts_whom_it_would_ask(survey: Path) -> None:
    plan = ebbtide("survey", "plan", "--survey", survey, "--json").document()
    names = len((survey / "targets.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert names in plan.values()
    assert ebbtide("survey", "plan", "--survey", survey).returncode == 0


def test_sql_answers_in_a_table_and_in_json(survey: Path) -> None:
    query = "SELECT round, count(*) AS names FROM final_outcomes GROUP BY round ORDER BY round"
    rows = ebbtide("sql", query, "--survey", survey, "--json").document()
    assert [row["round"] for row in rows] == ["2001-06", "2001-07", "2001-08", "2001-09"]
    assert "2001-09" in ebbtide("sql", query, "--survey", survey).stdout


def test_judging_again_changes_no_fact_and_facts_can_be_chosen(survey: Path, small_demonstration: Path) -> None:
    assert ebbtide("judge", "2001-07", "--survey", survey).returncode == 0
    facts = ebbtide("facts", "--survey", survey, "--json").document()
    assert facts == json.loads((small_demonstration / "facts.json").read_text(encoding="utf-8"))
    few = ebbtide("facts", "--survey", survey, "--metric", "prevalence", "--unit", "site", "--json").document()
    assert {fact["metric"] for fact in few} == {"prevalence"}
    assert {fact["unit"] for fact in few} == {"site"}
    assert "prevalence" in ebbtide("facts", "--survey", survey, "--metric", "prevalence", "--unit", "site").stdout


def test_a_report_is_written_whole_and_equal_twice(survey: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.html", tmp_path / "second.html"
    assert ebbtide("report", "--survey", survey, "--out", first).returncode == 0
    assert ebbtide("report", "--survey", survey, "--out", second, "--json").document() == {"report": str(second)}
    assert first.read_bytes() == second.read_bytes()


def test_the_survey_agrees_with_the_truth_and_not_with_a_truth_that_was_changed(
    survey: Path, small_demonstration: Path, tmp_path: Path
) -> None:
    truth = Path(shutil.copytree(small_demonstration / "truth", tmp_path / "truth"))
    agreed = ebbtide("lab", "verify", "--survey", survey, "--truth", truth)
    assert agreed.returncode == 0
    assert " 0 wrong" in agreed.stdout
    july = truth / "2001-07.jsonl"
    lines = july.read_text(encoding="utf-8").splitlines()
    row = next(number for number, line in enumerate(lines) if '"observable": "shown"' in line)
    lines[row] = lines[row].replace('"observable": "shown"', '"observable": "not_shown"', 1)
    july.write_text("\n".join(lines) + "\n", encoding="utf-8")
    differs = ebbtide("lab", "verify", "--survey", survey, "--truth", truth, "--json")
    assert differs.returncode == 1
    assert len(differs.document()["comparison"]["mismatches"]) == 1


def test_what_has_had_its_time_is_erased_and_judges_say_so(survey: Path) -> None:
    late = ("--as-of", "2999-01-01", "--survey", survey)
    planned = ebbtide("survey", "expire", "--dry-run", *late, "--json").document()
    assert planned["is_dry_run"] is True
    assert len(planned["expired"]) == 4
    assert "would be erased" in ebbtide("survey", "expire", "--dry-run", *late).stdout
    assert "Nothing to erase" in ebbtide("survey", "expire", "--survey", survey).stdout
    assert ebbtide("survey", "expire", *late, "--json").document()["expired"] == planned["expired"]
    assert "expired on 2999-01-01" in ebbtide("survey", "status", "2001-07", "--survey", survey).stdout
    configuration = survey / "survey.toml"
    configuration.write_text(configuration.read_text(encoding="utf-8").replace('"iis-2001"', '"iis-2001", "exposures"'))
    assert ebbtide("judge", "2001-07", "--survey", survey).returncode == 0
    query = "SELECT DISTINCT kind, reason FROM verdicts WHERE round = '2001-07'"
    assert ebbtide("sql", query, "--survey", survey, "--json").document() == [
        {"kind": "cannot_tell", "reason": "evidence_not_kept"}
    ]


def test_whoever_is_erased_is_in_no_answer_any_more_and_facts_can_be_made_anew(survey: Path) -> None:
    query = "SELECT host FROM targets WHERE round = '2001-07' AND host <> '' ORDER BY host"
    first, *others = (row["host"] for row in ebbtide("sql", query, "--survey", survey, "--json").document())
    assert "would be erased" in ebbtide("survey", "erase", first, "--dry-run", "--survey", survey).stdout
    erased = ebbtide("survey", "erase", first, "--survey", survey, "--json").document()
    assert {each["targets"] for each in erased["erased"]} == {1}
    assert [row["host"] for row in ebbtide("sql", query, "--survey", survey, "--json").document()] == others
    assert "Nothing to erase" in ebbtide("survey", "erase", first, "--survey", survey).stdout
    assert ebbtide("facts", "--survey", survey, "--json").returncode == 0
    assert "ebbtide facts" in ebbtide("survey", "erase", others[0], "--survey", survey).stdout
