-- Question: What are the additive sums of every share, over the clusters of each stratum?
-- Unit: cluster
-- Base: the cells of one question; the category '*' is the whole base, and '+' the sum of all changes in it
-- Weights: billionths; squares in units of ten thousandths squared, so that integers hold them exactly
WITH wholes AS (
    SELECT * EXCLUDE (category, n, y, w), '*' AS category, sum(n) AS n, sum(w) AS y, sum(w) AS w
    FROM cells
    GROUP BY ALL
),
parts AS (
    SELECT unit, earlier, later, lens, family, check_id, reading, category, stratum, cluster, n, y, w FROM cells
    UNION ALL
    SELECT unit, earlier, later, lens, family, check_id, reading, category, stratum, cluster, n, y, w FROM wholes
    UNION ALL
    SELECT unit, earlier, later, lens, family, check_id, reading, '+', stratum, cluster, sum(n), sum(y), sum(w)
    FROM cells
    WHERE reading = 'difference'
    GROUP BY ALL
),
scaled AS (
    SELECT
        p.*,
        CAST(round(p.y / 100000) AS HUGEINT) AS part,
        CAST(round(b.w / 100000) AS HUGEINT) AS whole
    FROM parts p
    JOIN wholes b USING (unit, earlier, later, lens, family, check_id, reading, stratum, cluster)
)
SELECT
    unit, earlier, later, lens, family, check_id, reading, category, stratum,
    CAST(sum(n) AS BIGINT) AS n,
    CAST(count(*) AS BIGINT) AS met,
    sum(y) AS y,
    sum(part * part) AS yy,
    sum(part * whole) AS yw
FROM scaled
GROUP BY ALL
ORDER BY unit, earlier, later, lens, family, check_id, reading, category, stratum
