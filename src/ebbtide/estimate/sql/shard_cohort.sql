-- Question: How many sites of one shard, judged by a check in the earlier round, are in which state in the later one?
-- Unit: site and check
-- Base: sites shown or not shown in the earlier round. All sites are counted once, for no check; for each check those with
--       a stored verdict are then taken from where the implied one would put them, and put where they are
-- Weights: none
WITH whole AS (
    SELECT told_then, told_now, family_then, family_now, version_then, version_now, presence_now, count(*) AS n
    FROM shard_moves
    GROUP BY ALL
),
stored AS (
    SELECT
        coalesce(a.site_id, b.site_id) AS site_id, coalesce(a.number, b.number) AS number,
        a.verdict_rank AS rank_then, b.verdict_rank AS rank_now
    FROM (SELECT * FROM shard_stored WHERE ordinal = 1) a
    FULL JOIN (SELECT * FROM shard_stored WHERE ordinal = 2) b USING (site_id, number)
),
placed AS (
    SELECT s.number, s.rank_then, s.rank_now, m.* EXCLUDE (site_id), count(*) AS n
    FROM stored s
    JOIN shard_moves m USING (site_id)
    GROUP BY ALL
),
cells AS (
    SELECT k.number, NULL AS rank_then, NULL AS rank_now, w.* FROM compared_checks k CROSS JOIN whole w
    UNION ALL BY NAME
    SELECT number, NULL AS rank_then, NULL AS rank_now, * EXCLUDE (number, rank_then, rank_now, n), -n AS n FROM placed
    UNION ALL BY NAME
    SELECT * FROM placed
)
SELECT
    a.check_id,
    coalesce(c.rank_then, a.verdict_rank) AS verdict_then,
    CASE WHEN c.presence_now <> 1 THEN 0 ELSE coalesce(c.rank_now, b.verdict_rank) END AS verdict_now,
    c.presence_now, c.family_then, c.family_now, c.version_then, c.version_now,
    CAST(sum(c.n) AS BIGINT) AS n
FROM cells c
JOIN implied a ON a.ordinal = 1 AND a.number = c.number AND a.told = c.told_then
LEFT JOIN implied b ON b.ordinal = 2 AND b.number = c.number AND b.told = c.told_now
WHERE coalesce(c.rank_then, a.verdict_rank) IN (1, 3)
GROUP BY ALL
HAVING sum(c.n) <> 0
