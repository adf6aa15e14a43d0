-- Question: Which verdicts on the targets of one site are stored, and which exchange speaks for each that is shown?
-- Unit: target and check
-- Base: the targets of the asked site in all judged rounds; what is not stored is implied
-- Weights: none
SELECT
    v.round, v.target_id, v."check", v.kind, v.reason, v.part, v.excerpt, v.matcher,
    coalesce(e.method, '') AS method, coalesce(e.path, '') AS path, coalesce(e.origin, '') AS origin,
    e.status, coalesce(e.asked_at_ns, 0) AS asked_at_ns
FROM verdicts v
JOIN asked_site a USING (site_id)
LEFT JOIN final_outcomes o ON o.round = v.round AND o.target_id = v.target_id
LEFT JOIN exchanges e
    ON e.round = v.round AND e.target_id = v.target_id AND e.attempt = o.attempt AND e.ordinal = v.ordinal
ORDER BY v.round, v.target_id, v."check"
