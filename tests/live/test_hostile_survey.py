"""A whole round over the farm: it ends, loses nobody, and a second one of the same seed says the same."""

from typing import Any

import pytest

from ebbtide.rounds.database import ask
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.survey.running import RunSummary, run_round
from ebbtide.survey.sealing import seal_round
from ebbtide.survey.settings import load_config
from ebbtide.survey.starting import init_survey
from ebbtide.workers.executors import SerialExecutor
from hostile_farm.asking import address_of
from hostile_farm.endings import HUGE
from hostile_farm.records import CAPS, Place
from hostile_farm.running import running_farm
from hostile_farm.servers import SERVERS

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("farm")]

LABELS = ("2001-07", "2001-08")
SURVEYED = tuple(server for server in SERVERS if HUGE not in server.asks and server.place is not Place.ONCE)
"""A survey sends no request of sixteen megabytes; and who is there once differs from round to round."""
CONFIGURATION = f"""
[[frame.source]]
path = "hosts.csv"
format = "csv"
[scope]
open = ["127.0.0.0/8", "::1/128"]
[limits]
in_flight = 1000
in_flight_per_prefix = 1000
requests_per_prefix_s = 0
[clocks]
connect_s = 1
handshake_s = 1
target_s = 2
[caps]
head_bytes = {CAPS.head_bytes}
body_bytes = {CAPS.body_bytes}
fields = {CAPS.fields}
[attempts]
spacing_s = 0
[checks]
packs = []
"""
OUTCOMES = """
SELECT host, if(o.kind = 'failed', concat(o.stage, '/', o.fault), o.kind)
FROM final_outcomes o JOIN targets t USING (round, target_id) WHERE o.round = '{label}' ORDER BY host
"""
EXCHANGES = """
SELECT host, e.ordinal, e.kind, e.stage, e.fault, e.status, e.http_version, e.reason, e.deviations, e.is_truncated
FROM exchanges e JOIN targets t USING (round, target_id) JOIN final_outcomes o USING (round, target_id, attempt)
WHERE e.round = '{label}' ORDER BY host, ordinal
"""


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> tuple[SurveyFolder, list[RunSummary]]:
    folder = init_survey(tmp_path_factory.mktemp("survey") / "hostile", "hostile")
    (folder.path / "survey.toml").write_text(CONFIGURATION, encoding="utf-8")
    with running_farm() as farm:
        lines = [
            f"{server.host},{address_of(server, number)},{farm.ports[server.name]},{server.scheme}"
            for number, server in enumerate(SURVEYED)
        ]
        (folder.path / "hosts.csv").write_text("host,address,port,scheme\n" + "\n".join(lines) + "\n", encoding="utf-8")
        summaries = [run_round(folder, label, load_config(folder.path), executor=SerialExecutor()) for label in LABELS]
    assert "canary" not in farm.calls
    for label in LABELS:
        seal_round(folder, label)
    return folder, summaries


def test_a_round_over_the_farm_ends_and_conserves(surveyed: tuple[SurveyFolder, list[RunSummary]]) -> None:
    for summary in surveyed[1]:
        assert summary.targets == len(SURVEYED)
        assert summary.answered + summary.failed + summary.skipped == summary.targets
        assert (summary.skipped, summary.unconfirmed, summary.interrupted) == (0, 0, 0)


def rows(folder: SurveyFolder, question: str, label: str) -> list[tuple[Any, ...]]:
    return ask(folder, question.format(label=label))[1]


def test_a_round_over_the_farm_says_of_each_server_what_the_table_says(
    surveyed: tuple[SurveyFolder, list[RunSummary]],
) -> None:
    expected = [(server.host, server.seen[0].outcome) for server in sorted(SURVEYED, key=lambda server: server.host)]
    assert rows(surveyed[0], OUTCOMES, LABELS[0]) == expected


def test_two_rounds_of_one_seed_over_the_farm_agree(surveyed: tuple[SurveyFolder, list[RunSummary]]) -> None:
    first, second = (rows(surveyed[0], EXCHANGES, label) for label in LABELS)
    assert len(first) > len(SURVEYED)
    assert first == second
