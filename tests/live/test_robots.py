"""robots.txt of real servers, from survey.toml to the verdict; and what the servers themselves saw."""

from pathlib import Path

import pytest

from command_line import ebbtide
from real_servers import ADDRESS, real_servers

pytestmark = [pytest.mark.live, pytest.mark.real_servers, pytest.mark.xdist_group("real_servers")]

SURVEY = """
[[frame.source]]
path = "hosts.txt"
[scope]
open = ["127.0.0.0/8"]
[plan]
level = "active"
robots = {robots}
[checks]
packs = ["exposures"]
"""
ASKED = """
SELECT path, purpose, kind, reason_skipped, status FROM exchanges
WHERE ordinal > 2 AND purpose <> 'absent' ORDER BY ordinal
"""
VERDICTS = 'SELECT DISTINCT "check", kind, reason FROM verdicts WHERE "check" = \'server-status\''
CLOSED = {"listing/robots.txt": "User-agent: *\nDisallow: /server-status # not for robots\n"}


def survey(folder: Path, port: int, robots: str) -> tuple[list[object], list[object]]:
    assert ebbtide("survey", "init", folder).returncode == 0
    (folder / "survey.toml").write_text(SURVEY.format(robots=robots), encoding="utf-8")
    (folder / "hosts.txt").write_text(f"http://{ADDRESS}:{port}\n", encoding="utf-8")
    for words in (("survey", "run", "r"), ("survey", "seal", "r"), ("judge", "r")):
        told = ebbtide(*words, "--survey", folder)
        assert told.returncode == 0, told.stderr
    return tuple(rows(folder, question) for question in (ASKED, VERDICTS))  # type: ignore[return-value]


def rows(folder: Path, question: str) -> list[object]:
    return [list(row.values()) for row in ebbtide("sql", question, "--survey", folder, "--json").document()]


def test_a_named_path_that_apache_says_is_not_for_robots_is_not_asked_and_the_verdict_says_why(tmp_path: Path) -> None:
    with real_servers(CLOSED) as servers:
        asked, verdicts = survey(tmp_path / "heeds", servers.ports["apache-listing"], "true")
        assert asked == [
            ["/robots.txt", "robots", "answered", "", 200],
            ["/server-status", "check", "skipped", "robots", None],
        ]
        assert verdicts == [["server-status", "not_asked", "robots"]]

        asked, verdicts = survey(tmp_path / "does-not", servers.ports["apache-listing"], "false")
        assert asked == [["/server-status", "check", "answered", "", 200]]
        assert verdicts == [["server-status", "shown", ""]]

        asked, verdicts = survey(tmp_path / "has-none", servers.ports["apache-hardened"], "true")
        assert asked == [
            ["/robots.txt", "robots", "answered", "", 404],
            ["/server-status", "check", "answered", "", 403],
        ]
        assert verdicts == []
