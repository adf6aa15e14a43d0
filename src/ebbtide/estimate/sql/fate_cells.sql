-- Question: What became of the servers of each family?
-- Unit: site, address
-- Base: lens all: units of the family in the earlier round; lens leavers: those that no longer answer as it
-- Weights: the earlier round's
WITH seen AS (
    SELECT
        s.unit, s.earlier, s.later, s.family_then, f.fate, s.stratum, s.cluster, s.weight
    FROM successions s
    LEFT JOIN version_moves m USING (version_then, version_now)
    JOIN family_fates f
        ON f.presence = s.presence_now
        AND f.software = CASE
            WHEN s.presence_now <> 'answered' THEN ''
            WHEN s.family_now = 'unknown' OR s.family_now = '' THEN 'masked'
            WHEN s.family_now <> s.family_then THEN 'competitor'
            ELSE coalesce(m.move, 'same') END
)
SELECT
    unit, earlier, later, 'all' AS lens, family_then AS family, '' AS check_id, '' AS reading,
    fate AS category, stratum, cluster,
    count(*) AS n, sum(weight) AS y, sum(weight) AS w
FROM seen
GROUP BY ALL
UNION ALL
SELECT
    unit, earlier, later, 'leavers', family_then, '', '', fate, stratum, cluster,
    count(*), sum(weight), sum(weight)
FROM seen
WHERE fate NOT IN ('same', 'upgraded', 'downgraded')
GROUP BY ALL
