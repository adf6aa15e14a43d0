-- Question: How many units show a check, by every lens?
-- Unit: site, address
-- Base: units shown or not shown in the round
-- Weights: the unit's
SELECT
    v.unit, 0 AS earlier, v.ordinal AS later, l.lens, l.value AS family, v.check_id, '' AS reading,
    v.verdict AS category, u.stratum, u.cluster,
    count(*) AS n, sum(u.weight) AS y, sum(u.weight) AS w
FROM unit_verdicts v
JOIN units u USING (unit, unit_id, ordinal)
JOIN unit_lenses l USING (unit, unit_id, ordinal)
WHERE v.verdict IN ('shown', 'not_shown')
GROUP BY ALL
