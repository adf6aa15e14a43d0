-- Question: What are the additive sums of every share, over the clusters of each stratum?
-- Unit: cluster
-- Base: the cells of one question; the category '*' is the whole base, and '+' the sum of all changes in it
-- Weights: billionths; squares in units of ten thousandths squared, so that integers hold them exactly
WITH groups AS MATERIALIZED (
    -- A number for each group and stratum: what follows joins and groups by whole numbers only.
    SELECT *, row_number() OVER () AS number
    FROM (SELECT DISTINCT unit, earlier, later, lens, family, check_id, reading, stratum FROM cells)
),
numbered AS MATERIALIZED (
    SELECT g.number, g.reading = 'difference' AS is_change, c.category, c.cluster, c.n, c.y, c.w
    FROM cells c
    JOIN groups g USING (unit, earlier, later, lens, family, check_id, reading, stratum)
),
wholes AS MATERIALIZED (
    SELECT number, is_change, cluster, sum(n) AS n, sum(y) AS y, sum(w) AS w
    FROM numbered
    GROUP BY ALL
),
parts AS (
    SELECT number, category, cluster, n, y FROM numbered
    UNION ALL
    SELECT number, '*', cluster, n, w FROM wholes
    UNION ALL
    SELECT number, '+', cluster, n, y FROM wholes WHERE is_change
),
scaled AS (
    SELECT
        p.number, p.category, p.n, p.y,
        CAST(round(p.y / 100000) AS HUGEINT) AS part,
        CAST(round(b.w / 100000) AS HUGEINT) AS whole
    FROM parts p
    JOIN wholes b USING (number, cluster)
),
sums AS (
    SELECT
        number, category,
        CAST(sum(n) AS BIGINT) AS n,
        CAST(count(*) AS BIGINT) AS met,
        sum(y) AS y,
        sum(part * part) AS yy,
        sum(part * whole) AS yw
    FROM scaled
    GROUP BY ALL
)
SELECT
    g.unit, g.earlier, g.later, g.lens, g.family, g.check_id, g.reading, s.category, g.stratum,
    s.n, s.met, s.y, s.yy, s.yw
FROM sums s
JOIN groups g USING (number)
ORDER BY g.unit, g.earlier, g.later, g.lens, g.family, g.check_id, g.reading, s.category, g.stratum
