-- Question: Whom did a check call shown, and whom not shown, in one round?
-- Unit: target
-- Base: answered targets that the asked check could judge
-- Weights: none
SELECT
    v.target_id, v.verdict_rank = 1 AS is_shown,
    t.scheme, t.host, t.port, coalesce(e.part, '') AS part, coalesce(e.excerpt, '') AS excerpt
FROM name_verdicts v
JOIN asked_check a ON a.check_id = v.check_id
JOIN chosen c ON c.ordinal = v.ordinal
JOIN targets t ON t.round = c.round AND t.target_id = v.target_id
LEFT JOIN verdicts e ON e.round = c.round AND e.target_id = v.target_id AND e."check" = v.check_id AND e.kind = 'shown'
WHERE v.verdict_rank IN (1, 3) AND t.host <> ''
