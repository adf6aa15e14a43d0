-- Question: What answers, two rounds apart, for every unit that told its family in the earlier round?
-- Unit: site, address
-- Base: units answered with a known family in the earlier round
-- Weights: the earlier round's
SELECT
    p.earlier,
    p.later,
    t.unit,
    t.unit_id,
    t.family AS family_then,
    coalesce(n.family, '') AS family_now,
    t.version AS version_then,
    coalesce(n.version, '') AS version_now,
    coalesce(n.presence, 'not_planned') AS presence_now,
    t.stratum,
    t.weight,
    t.cluster
FROM pairs p
JOIN units t ON t.ordinal = p.earlier AND t.family NOT IN ('', 'unknown')
LEFT JOIN units n ON n.ordinal = p.later AND n.unit = t.unit AND n.unit_id = t.unit_id
