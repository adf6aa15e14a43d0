-- Question: What is known of every planned target of the chosen rounds?
-- Unit: target (one name, address, port and scheme in one round)
-- Base: all planned targets; an unanswered one is silent only after enough attempts that ran to their end: one that
--       a crash of ours interrupted has a number and saw nothing
-- Weights: the frame's, in whole billionths, so that sums do not depend on their order
SELECT
    c.ordinal,
    t.target_id,
    t.site_id,
    o.endpoint_id,
    t.stratum,
    CAST(round(t.weight * 1e9) AS HUGEINT) AS weight,
    CASE
        WHEN o.kind = 'answered' THEN 1
        WHEN o.kind = 'failed' AND o.stage = 'connect' AND o.fault = 'refused' THEN 2
        WHEN o.kind = 'failed' AND o.stage = 'connect' AND o.fault IN ('timed_out', 'unreachable')
            AND f.finished >= c.attempts THEN 3
        WHEN o.kind = 'failed' AND o.stage IN ('tls', 'request', 'response') AND o.fault IN ('reset', 'closed_early')
            THEN 4
        WHEN o.kind = 'skipped' THEN 6
        ELSE 5
    END AS presence_rank,
    CASE WHEN o.kind = 'failed' THEN concat(o.stage, '/', o.fault) ELSE '' END AS fault,
    coalesce(s.family, '') AS family,
    coalesce(s.version, '') AS version
FROM targets t
JOIN chosen c USING (round)
JOIN final_outcomes o ON o.round = t.round AND o.target_id = t.target_id
JOIN finished_attempts f ON f.round = t.round AND f.target_id = t.target_id
LEFT JOIN software s ON s.round = t.round AND s.target_id = t.target_id AND s.is_family
