"""What judging costs where many templates are given: a page that all root-only ones look at, a banner, and loading.

The collection of templates is read from the shared data and unpacked into a scratch folder; nothing is sent. Prints one
JSON line.
"""

import argparse
import json
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ebbtide.judge.checks.deciding import Circumstances, Docket
from ebbtide.judge.checks.reading import template_check
from ebbtide.judge.checks.seen import Seen
from ebbtide.judge.software.identification import identify
from ebbtide.judge.templates.keeping import read_templates
from ebbtide.judge.templates.parts import template_script_pattern
from ebbtide.judge.templates.reading import is_passive, is_passive_path, read_template_file, template_files
from ebbtide.judge.templates.records import Template
from ebbtide.model.outcomes import Answered
from ebbtide.model.targets import Level, Scheme, Target
from ebbtide.model.transcripts import Exchange, Purpose, Request

COLLECTION = Path(__file__).resolve().parents[2] / "shared" / "data" / "nuclei-templates" / "templates.tar.gz"
TARGET = Target(bytes(16), 1, "www.shop.example", "127.0.0.1", 80, Scheme.HTTP)
ROW = (
    b'<div class="row r%05d"><a href="/item/%d">Item number %d &amp; more of it</a><img src="/i/%d.png" alt=""></div>\n'
)
FIELDS = (
    (b"Server", b"nginx/1.24.0"), (b"Content-Type", b"text/html; charset=utf-8"), (b"Set-Cookie", b"id=1; Path=/"),
    (b"Date", b"Sat, 01 Aug 2026 00:00:00 GMT"), (b"X-Powered-By", b"PHP/8.2.1"),
)  # fmt: skip


def page(number: int, length: int) -> bytes:
    """A page that no other is equal to."""
    rows = b"".join(ROW % (number, each, each, each) for each in range(length // len(ROW)))
    return (b"<html><head><title>Page %d</title></head><body>" % number + rows).ljust(length, b" ")[:length]


def answers(number: int, length: int) -> tuple[Exchange, Exchange]:
    """The front page and the absent name of one target."""
    root, absent = Request("/", Purpose.ROOT), Request("/0123456789abcdef.html", Purpose.ABSENT)
    told = ((root, 200, page(number, length)), (absent, 404, b"not here"))
    first, second = (
        Exchange(
            TARGET.target_id, 1, ordinal, 1, request, 0, Answered(), status=status, http_version="1.1", fields=FIELDS,
            body=body, body_bytes=len(body),
        )
        for ordinal, (request, status, body) in enumerate(told)
    )  # fmt: skip
    return first, second


def load(folder: Path) -> list[Template]:
    """All templates of a folder that can be run."""
    readings = (read_template_file(file) for file in template_files(folder))
    return [reading.template for reading in readings if reading.template is not None]


def kept_load_s(folder: Path, scratch: Path) -> float:
    """Seconds to take the readings of a folder from where the first reading kept them."""
    files, store = template_files(folder), scratch / "kept" / "templates.msgpack"
    list(read_templates(files, store))
    start = time.perf_counter()
    list(read_templates(files, store))
    return time.perf_counter() - start


def median_ms(work: Callable[[int], object], count: int) -> float:
    """Median of wall times in milliseconds, after three runs that do not count."""
    times = []
    for number in range(count + 3):
        start = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - start) * 1e3)
    return round(statistics.median(times[3:]), 4)


def judged(templates: Sequence[Template], length: int) -> float:
    """Milliseconds for the verdicts of all templates at one target."""
    checks = [template_check(each, is_passive=is_passive(each.blocks)) for each in templates]
    docket, scripts = Docket(checks, Circumstances(Level.ACTIVE, 100)), template_script_pattern()
    prepared = [answers(number, length) for number in range(43)]
    return median_ms(lambda number: docket.decide(Seen(TARGET, prepared[number], "nginx", scripts)), 40)


def main() -> None:
    """Measure and print."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--page-bytes", type=int, default=60_000)
    given = args.parse_args()
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as name:
        with tarfile.open(COLLECTION) as archive:
            archive.extractall(name, filter="data")
        folder = Path(name) / "templates"
        files = len(template_files(folder))
        start = time.perf_counter()
        templates = load(folder)
        loaded_s = time.perf_counter() - start
        kept_s = kept_load_s(folder, Path(name))
    at_root = [
        each
        for each in templates
        if all(is_passive_path(ask.path) for block in each.blocks for ask in block.asks)
        and not any(block.is_global for block in each.blocks)
    ]
    banner = answers(0, 1000)
    figures = {
        "what": "judging",
        "templates": files,
        "run": len(templates),
        "load_s_each_10000": round(loaded_s / files * 10_000, 2),
        "kept_load_s_each_10000": round(kept_s / files * 10_000, 2),
        "root_only": len(at_root),
        "page_bytes": given.page_bytes,
        "page_ms": judged(at_root, given.page_bytes),
        "page_ms_quarter": judged(at_root, given.page_bytes // 4),
        "page_ms_quarter_of_templates": judged(at_root[::4], given.page_bytes),
        "repeated_banner_us": round(1e3 * median_ms(lambda _number: identify(banner), 2000), 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
