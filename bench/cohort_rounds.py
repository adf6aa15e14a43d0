"""Sealed, judged rounds of many sites in our own format, written in bulk by DuckDB, since Python would take hours.

One target a site; three addresses of a thousand are shared; six families; of a hundred sites about five are silent and
six show each check. Every table that a question on cohorts reads has all its columns and its sealed order.
"""

import time
from pathlib import Path

import duckdb

from ebbtide.model.targets import Level
from ebbtide.model.verdicts import CheckInfo, JudgementManifest
from ebbtide.rounds.entries import BatchCommitted, FileRef, Planned, Sealed
from ebbtide.rounds.folder import SurveyFolder
from ebbtide.rounds.round import judgement_folder
from ebbtide.rounds.tables import ROWS_A_GROUP, shard_folder

JUDGEMENT = "00ff00ff00ff00ff"
FAMILIES = "['nginx', 'apache', 'microsoft-iis', 'lighttpd', 'caddy', 'unknown']"
SITES = """
CREATE OR REPLACE TABLE sites AS SELECT
    (({shard}::UBIGINT << 60) | (hash(i) >> 4))::UBIGINT AS site_id, unhex(md5(i::VARCHAR)) AS target_id,
    i, {families}[1 + (hash(i) % 6)::INTEGER] AS family,
    CASE WHEN hash(i + 7 * {number}) % 100 < 5 THEN 'failed' ELSE 'answered' END AS kind,
    (hash(CASE WHEN i % 1000 < 3 THEN i // 1000 ELSE -i END) | 1)::UBIGINT AS endpoint_id
FROM range({low}, {high}) t(i)
ORDER BY target_id
"""
TABLES = {
    "targets": """SELECT target_id, site_id, 'www' || i || '.example' AS host, '' AS address, 80::BIGINT AS port,
        'http' AS scheme, '' AS stratum, 1.0::DOUBLE AS weight, false AS fallback FROM sites""",
    "final_outcomes": """SELECT target_id, site_id, endpoint_id,
        CASE kind WHEN 'failed' THEN 2 ELSE 1 END::BIGINT AS attempt, kind,
        CASE kind WHEN 'failed' THEN 'connect' ELSE '' END AS stage,
        CASE kind WHEN 'failed' THEN 'timed_out' ELSE '' END AS fault, '' AS reason, '' AS detail,
        '10.' || (i % 250) || '.' || (i // 250 % 250) || '.1' AS address,
        CASE kind WHEN 'answered' THEN 200 END::BIGINT AS status, 3::BIGINT AS exchange_count,
        0::BIGINT AS failed_exchange_count, 1::BIGINT AS started_at_ns, 0.1::DOUBLE AS elapsed_s, '' AS vantage
        FROM sites""",
    "outcomes": """SELECT target_id, site_id, endpoint_id, a.attempt::BIGINT AS attempt, kind,
        CASE kind WHEN 'failed' THEN 'connect' ELSE '' END AS stage,
        CASE kind WHEN 'failed' THEN 'timed_out' ELSE '' END AS fault, '' AS reason, '' AS detail, '' AS address,
        CASE kind WHEN 'answered' THEN 200 END::BIGINT AS status, 3::BIGINT AS exchange_count,
        0::BIGINT AS failed_exchange_count, 1::BIGINT AS started_at_ns, 0.1::DOUBLE AS elapsed_s, '' AS vantage
        FROM sites, range(1, CASE kind WHEN 'failed' THEN 3 ELSE 2 END) a(attempt)""",
    "software": """SELECT target_id, site_id, family, 'server' AS role, '' AS vendor, family AS product,
        (hash(i) % 9 + ({number} + hash(i) % 4) // 4)::VARCHAR AS version, '' AS cpe, 'bench' AS source,
        'server' AS part, true AS is_family FROM sites WHERE kind = 'answered'""",
    "verdicts": """SELECT target_id, site_id, 'check-' || c AS "check", 'shown' AS kind, '' AS reason,
        0::BIGINT AS ordinal, 'body' AS part, 'Server: ' || family AS excerpt, '' AS matcher
        FROM sites, range(1, {checks} + 1) t(c) WHERE kind = 'answered' AND hash(i + c + {number} // 2) % 100 < 6
        ORDER BY target_id, c""",
}


def make_rounds(path: Path, sites: int, rounds: int = 2, checks: int = 20) -> SurveyFolder:
    """A survey with so many sealed rounds of so many sites."""
    folder = SurveyFolder.create(path)
    for number in range(1, rounds + 1):
        _make_round(folder, number, sites, checks)
    return folder


def _make_round(folder: SurveyFolder, number: int, sites: int, checks: int) -> None:
    made = folder.create_round(f"r{number:02d}", f"2001-{number:02d}-15")
    files: list[FileRef] = []
    step = sites // folder.shards
    with duckdb.connect(config={"memory_limit": "1500MiB", "temp_directory": str(folder.path / "spill")}) as db:
        for shard in range(folder.shards):
            place = {"shard": shard, "low": shard * step, "high": (shard + 1) * step}
            db.execute(SITES.format(**place, number=number, families=FAMILIES))
            files += [_written(db, made.path, table, shard, number, checks) for table in TABLES]
    judged = tuple(file for file in files if file.table in ("software", "verdicts"))
    kept = tuple(file for file in files if file.table in ("targets", "final_outcomes", "outcomes"))
    total = step * folder.shards
    digest, now = "0" * 16, time.time_ns()
    first = tuple(file for file in kept if file.table == "targets")
    made.commit(Planned(first, total, total, 0, 0, 0, digest, digest, now))
    made.commit(BatchCommitted("made", tuple(file for file in kept if file.table == "outcomes"), total, {}, (), now))
    failed = total - sum(file.rows for file in judged if file.table == "software")
    made.commit(Sealed(kept, total, total - failed, failed, 0, 0, now))
    infos = tuple(
        CheckInfo(f"check-{check}", "a" * 16, f"check-{check}", Level.PASSIVE, "high", (), "mend it", ("bench",))
        for check in range(1, checks + 1)
    )
    made.add_judgement(JudgementManifest(JUDGEMENT, "1", ("bench",), infos), judged)


def _written(db: duckdb.DuckDBPyConnection, root: Path, table: str, shard: int, number: int, checks: int) -> FileRef:
    below = f"{judgement_folder(JUDGEMENT)}/" if table in ("software", "verdicts") else ""
    relative = f"{below}{shard_folder(table, shard)}/{number:02d}.parquet"
    (root / relative).parent.mkdir(parents=True, exist_ok=True)
    asked = TABLES[table].format(number=number, checks=checks)
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_A_GROUP}"
    (rows,) = db.execute(f"COPY ({asked}) TO '{root / relative}' ({options})").fetchone() or (0,)
    return FileRef(table, shard, relative, rows)
