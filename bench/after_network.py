"""What comes after the network, without one: masked, kept, hashed, written, sealed and judged; prints one JSON line.

The answers are what a worker has in hand after one GET a host of the farm. Every stage runs once, in a fresh process:
nothing was seen before, and no cache of the judge holds anything. Counted is the processor time of all stages, the
loading of checks and fingerprints included; imports, and the reading of the pages from their files, stand apart.
The allowance names hashing, judging and writing; sealing, which is done once a round, is not held against it.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from ebbtide.frame.ids import shard_of, site_id, target_id
from ebbtide.model.configuration import ChecksSection, SurveyConfig
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Purpose, Request
from ebbtide.probe.origins import home_of
from ebbtide.probe.raw import Asking, RawExchange, RawTranscript
from ebbtide.probe.settings import Assignment
from ebbtide.probe.stops import Stop
from ebbtide.rounds.entries import Planned
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.journal import SUFFIX, Journal
from ebbtide.rounds.locking import round_lock
from ebbtide.rounds.round import Round
from ebbtide.rounds.rows import target_row
from ebbtide.rounds.tables import write_sharded
from ebbtide.survey.batch import JOURNALS, convert_journal
from ebbtide.survey.judging import judge_round
from ebbtide.survey.sealing import seal_round

ALLOWED_US = 120.0
ALLOWED_US_A_KB = 12.0
BATCH = 4000
CONFIG = SurveyConfig(checks=ChecksSection(packs=("iis-2001", "exposures")))
LABEL = "bench"
PORT = 18080
ROOT = Request("/", Purpose.ROOT)
ASKED_AT_NS = 1_000_000_000 * 1_700_000_000


class Clock:
    """Processor time of this process and of all workers that have ended, stage by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self.imports = _cpu_s()

    @contextmanager
    def counting(self, stage: str) -> Iterator[None]:
        """Add what the block costs to a stage."""
        begun = _cpu_s()
        yield
        self.stages[stage] = self.stages.get(stage, 0.0) + _cpu_s() - begun


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def target_of(address: str) -> Target:
    return Target(target_id(address, address, PORT, "http"), site_id(address), address, address, PORT, Scheme.HTTP)


def transcript_of(page: Path, number: int) -> RawTranscript:
    """What the farm's nginx answers for the page of one address."""
    target, body = target_of(page.stem), page.read_bytes()
    fields = (
        (b"Server", b"nginx/1.22.1"),
        (b"Date", b"Tue, 14 Nov 2023 22:%02d:%02d GMT" % divmod(number % 3600, 60)),
        (b"Content-Type", b"text/html"),
        (b"Content-Length", b"%d" % len(body)),
        (b"Last-Modified", b"Tue, 14 Nov 2023 21:%02d:%02d GMT" % divmod(number % 3600, 60)),
        (b"Connection", b"keep-alive"),
        (b"ETag", b'"%x-%x"' % (ASKED_AT_NS // 1000 + number, len(body))),
        (b"Accept-Ranges", b"bytes"),
    )
    asked_at_ns = ASKED_AT_NS + number
    asking = Asking(Stop(ROOT, home_of(target)), asked_at_ns, 0.0, 1e-4 + number * 1e-9, None, 3e-4 + number * 1e-9)
    assignment = Assignment(target, (target.address,), 1, Level.PASSIVE)
    exchange = RawExchange(
        assignment=assignment,
        asking=asking,
        ordinal=0,
        outcome=Answered(),
        status=200,
        http_version="1.1",
        reason=b"OK",
        fields=fields,
        body=body,
        received_bytes=len(body) + 238,
        is_truncated=False,
        deviations=(),
        total_s=4e-4 + number * 1e-9,
        address=target.address,
        vantage="",
        tls=None,
    )
    return RawTranscript(assignment, exchange.outcome, (exchange,), target.address, asked_at_ns, 4e-4)


def planned_round(folder: SurveyFolder, pages: Sequence[Path]) -> Round:
    """An open round in which every page's address is planned."""
    asking = folder.create_round(LABEL, "2023-11-14")
    rows = [target_row(target_of(page.stem)) for page in pages]
    files = write_sharded(asking.path, "targets", rows, lambda row: shard_of(row.site_id, folder.shards))
    asking.commit(Planned(tuple(files), len(rows), len(rows), 0, 0, 0, "", "", time.time_ns()))
    return asking


def keep_batch(asking: Round, transcripts: Sequence[RawTranscript], clock: Clock) -> None:
    """What a worker and the one who conducts do with a batch's answers."""
    batch = uuid4().hex
    journal_file = asking.path / JOURNALS / f"{batch}{SUFFIX}"
    with clock.counting("journal"), Journal(journal_file) as journal:
        for each in transcripts:
            journal.write_started(each.assignment.target.target_id, each.assignment.attempt)
            journal.write_done(each.masked())
        journal.flush()
    with clock.counting("convert"):
        asking.commit(convert_journal(asking.path, asking.shards, batch))
        journal_file.unlink()


def run(pages: Sequence[Path]) -> dict[str, object]:
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as name:
        folder = SurveyFolder.create(Path(name) / "survey")
        path = folder.round_folder(LABEL)
        with round_lock(path, LABEL):
            asking = planned_round(folder, pages)
            for start in range(0, len(pages), BATCH):
                numbered = enumerate(pages[start : start + BATCH], start)
                keep_batch(asking, [transcript_of(page, number) for number, page in numbered], clock)
        with clock.counting("seal"):
            counts = seal_round(folder, LABEL)
        with clock.counting("judge"):
            judged = judge_round(folder, LABEL, CONFIG)
        stored = sum(file.stat().st_size for file in folder.path.rglob("*") if file.is_file())
    page_bytes = sum(page.stat().st_size for page in pages) / len(pages)
    allowed_us = ALLOWED_US + ALLOWED_US_A_KB * page_bytes / 1000
    spent_us = {stage: 1e6 * spent / len(pages) for stage, spent in clock.stages.items()}
    all_us = sum(spent_us.values())
    held_us = all_us - spent_us["seal"]
    return {
        "what": "after_network",
        "pages": counts.answered,
        "judged": judged.answered,
        "page_bytes": round(page_bytes),
        "import_cpu_s": round(clock.imports, 3),
        "cpu_s": round(sum(clock.stages.values()), 4),
        "us_a_page": {stage: round(spent, 1) for stage, spent in spent_us.items()},
        "all_us_a_page": round(all_us, 1),
        "without_seal_us_a_page": round(held_us, 1),
        "allowed_us_a_page": round(allowed_us, 1),
        "of_allowed": round(held_us / allowed_us, 3),
        "of_allowed_with_seal": round(all_us / allowed_us, 3),
        "stored_bytes": stored,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, help="folder of pages as pages.py makes them")
    arguments.add_argument("--pages", type=int, default=5000)
    given = arguments.parse_args()
    named = sorted((given.folder / "pages").glob("*.html"))[: given.pages]
    if len(named) < given.pages:
        arguments.error(f"{given.folder} holds {len(named)} pages, not {given.pages}")
    print(json.dumps(run(named)))
