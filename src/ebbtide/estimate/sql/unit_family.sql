-- Question: Which family and version of server answers for each unit?
-- Unit: site, address
-- Base: units of which a target answered and was judged; of several families the one that most targets name, of
--       equals the first by the alphabet, and unknown only if no target names one
-- Weights: none
WITH told AS (
    SELECT unit, unit_id, ordinal, family, version, count(*) AS names
    FROM unit_names
    WHERE presence_rank = 1 AND family <> ''
    GROUP BY ALL
),
ranked AS (
    SELECT *, sum(names) OVER (PARTITION BY unit, unit_id, ordinal, family) AS family_names
    FROM told
)
SELECT
    unit,
    unit_id,
    ordinal,
    arg_min(family, (family = 'unknown', -family_names, family, -names, version)) AS family,
    arg_min(version, (family = 'unknown', -family_names, family, -names, version)) AS version
FROM ranked
GROUP BY unit, unit_id, ordinal
