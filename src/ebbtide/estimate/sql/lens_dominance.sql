-- Question: Which part of each cell belongs to the one operator that has most of it?
-- Unit: site, address
-- Base: units shown or not shown in the round; whose operator is not known belong to nobody
-- Weights: none
WITH owned AS (
    SELECT v.unit, v.ordinal, v.check_id, l.lens, l.value, o.value AS operator, count(*) AS n
    FROM unit_verdicts v
    JOIN unit_lenses l USING (unit, unit_id, ordinal)
    LEFT JOIN unit_lenses o
        ON o.unit = v.unit AND o.unit_id = v.unit_id AND o.ordinal = v.ordinal AND o.lens = 'operator'
    WHERE v.verdict IN ('shown', 'not_shown')
    GROUP BY ALL
)
SELECT
    unit, ordinal, check_id, lens, value,
    coalesce(max(n) FILTER (operator NOT IN ('none', 'several', 'other')), 0) / sum(n) AS part
FROM owned
GROUP BY unit, ordinal, check_id, lens, value
