-- Question: By which values is each unit looked at?
-- Unit: site, address
-- Base: all planned units; whose targets say different things is looked at as "several", and who says nothing as "none"
-- Weights: none
WITH told AS (
    SELECT
        n.unit, n.unit_id, n.ordinal, l.lens,
        CASE WHEN min(l.value) = max(l.value) THEN min(l.value) ELSE 'several' END AS value
    FROM unit_names n
    JOIN lens_targets l USING (ordinal, target_id)
    GROUP BY n.unit, n.unit_id, n.ordinal, l.lens
    UNION ALL
    SELECT unit, unit_id, ordinal, 'family', coalesce(nullif(family, ''), nullif(last_family, ''), 'none') FROM units
),
known AS (SELECT DISTINCT lens FROM told),
sizes AS (SELECT lens, value, count(*) AS n FROM told WHERE unit = 'site' GROUP BY lens, value),
ranked AS (SELECT lens, value, row_number() OVER (PARTITION BY lens ORDER BY n DESC, value) AS place FROM sizes)
SELECT
    u.unit, u.unit_id, u.ordinal, k.lens,
    CASE
        WHEN t.value IS NULL THEN 'none'
        WHEN t.value = 'several' OR r.place <= 500 THEN t.value
        ELSE 'other'
    END AS value
FROM units u
CROSS JOIN known k
LEFT JOIN told t ON t.unit = u.unit AND t.unit_id = u.unit_id AND t.ordinal = u.ordinal AND t.lens = k.lens
LEFT JOIN ranked r ON r.lens = t.lens AND r.value = t.value
