-- Question: Which families of servers answer?
-- Unit: site, address
-- Base: answered units, those of unknown family included; families beyond the commonest are one
-- Weights: the unit's
SELECT
    u.unit, 0 AS earlier, u.ordinal AS later, '' AS lens, '' AS family, '' AS check_id, '' AS reading,
    CASE WHEN u.family = 'unknown' OR c.family IS NOT NULL THEN u.family ELSE '(rest)' END AS category,
    u.stratum, u.cluster,
    count(*) AS n, sum(u.weight) AS y, sum(u.weight) AS w
FROM units u
LEFT JOIN common_families c ON c.unit = u.unit AND c.family = u.family
WHERE u.presence = 'answered' AND u.family <> ''
GROUP BY ALL
