-- Question: How many points does each site of one round lose by what it shows, and whom is it like?
-- Unit: site
-- Base: sites that answered in the asked round; a site is as large as its address has sites
-- Weights: none
WITH answered AS (
    SELECT
        o.site_id,
        min(o.endpoint_id) AS endpoint_id,
        coalesce(min(s.family) FILTER (s.family <> 'unknown'), 'unknown') AS family
    FROM final_outcomes o
    JOIN asked_round a ON a.round = o.round
    LEFT JOIN software s ON s.round = o.round AND s.target_id = o.target_id AND s.is_family
    WHERE o.kind = 'answered'
    GROUP BY o.site_id
),
sized AS (
    SELECT site_id, family, count(*) OVER (PARTITION BY endpoint_id) AS neighbours FROM answered
),
shown AS (
    SELECT DISTINCT v.site_id, v."check"
    FROM verdicts v
    JOIN asked_round a ON a.round = v.round
    WHERE v.kind = 'shown'
),
lost AS (
    SELECT w.site_id, sum(p.points) AS points
    FROM shown w
    JOIN asked_points p ON p."check" = w."check"
    GROUP BY w.site_id
)
SELECT
    z.site_id, z.family, least(CAST(floor(log10(z.neighbours)) AS INTEGER), 3) AS size, coalesce(l.points, 0) AS points
FROM sized z
LEFT JOIN lost l USING (site_id)
