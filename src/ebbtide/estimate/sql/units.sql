-- Question: What is known of each unit in each round, and what was the last family that it told before?
-- Unit: site, address
-- Base: all planned units
-- Weights: mean over the unit's targets; the cluster is 0 in a census, else the address that answers for the unit
SELECT
    p.unit,
    p.unit_id,
    p.ordinal,
    p.presence,
    p.fault,
    coalesce(f.family, '') AS family,
    coalesce(f.version, '') AS version,
    coalesce(
        last_value(nullif(f.family, 'unknown') IGNORE NULLS) OVER (
            PARTITION BY p.unit, p.unit_id ORDER BY p.ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        ''
    ) AS last_family,
    CASE WHEN d.is_sample THEN p.stratum ELSE '' END AS stratum,
    p.weight,
    CASE WHEN d.is_sample THEN p.address_cluster ELSE 0 END AS cluster
FROM unit_presence p
LEFT JOIN unit_family f USING (unit, unit_id, ordinal)
CROSS JOIN design d
