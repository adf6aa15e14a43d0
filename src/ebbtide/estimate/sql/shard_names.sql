-- Question: What is known of every planned target of one shard in the chosen rounds?
-- Unit: target
-- Base: as names.sql, but for columns that no count of a cohort needs; attempts are counted only of targets of which they
--       decide whether they are silent
-- Weights: none
WITH ended AS (
    SELECT
        c.ordinal, c.attempts, o.round, o.target_id, o.site_id,
        CASE
            WHEN o.kind = 'answered' THEN 1
            WHEN o.kind = 'failed' AND o.stage = 'connect' AND o.fault = 'refused' THEN 2
            WHEN o.kind = 'failed' AND o.stage = 'connect' AND o.fault IN ('timed_out', 'unreachable') THEN 3
            WHEN o.kind = 'failed' AND o.stage IN ('tls', 'request', 'response')
                AND o.fault IN ('reset', 'closed_early') THEN 4
            WHEN o.kind = 'skipped' THEN 6
            ELSE 5
        END AS presence_rank
    FROM final_outcomes o
    JOIN chosen c USING (round)
),
tries AS (
    SELECT round, target_id, count(*) AS finished
    FROM outcomes
    WHERE kind <> 'answered' AND (round, target_id) IN (SELECT (round, target_id) FROM ended WHERE presence_rank = 3)
    GROUP BY ALL
)
SELECT
    e.ordinal, e.target_id, e.site_id,
    CASE WHEN e.presence_rank = 3 AND t.finished < e.attempts THEN 5 ELSE e.presence_rank END AS presence_rank,
    coalesce(s.family, '') AS family,
    coalesce(s.version, '') AS version
FROM ended e
LEFT JOIN tries t USING (round, target_id)
LEFT JOIN software s ON s.round = e.round AND s.target_id = e.target_id AND s.is_family
