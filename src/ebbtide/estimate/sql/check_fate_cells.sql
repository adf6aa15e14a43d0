-- Question: What became of the servers that showed a check?
-- Unit: site, address
-- Base: units shown in the earlier round
-- Weights: the earlier round's
SELECT
    s.unit, s.earlier, s.later, 'all' AS lens, '' AS family, s.check_id, '' AS reading,
    f.fate AS category, s.stratum, s.cluster,
    count(*) AS n, sum(s.weight) AS y, sum(s.weight) AS w
FROM cohort s
LEFT JOIN version_moves m USING (version_then, version_now)
JOIN check_fates f
    ON f.presence = s.presence_now
    AND f.software = CASE
        WHEN s.presence_now <> 'answered' THEN ''
        WHEN s.family_now = 'unknown' OR s.family_now = '' THEN 'masked'
        WHEN s.family_now <> s.family_then THEN 'competitor'
        ELSE coalesce(m.move, 'same') END
    AND f.verdict = CASE WHEN s.presence_now <> 'answered' THEN '' ELSE s.verdict_now END
WHERE s.verdict_then = 'shown'
GROUP BY ALL
