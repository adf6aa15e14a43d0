-- Question: What answers, two rounds apart, for every unit that told its family in the earlier round?
-- Unit: site, address
-- Base: units answered with a known family in the earlier round; where the later round is a sample that was drawn, units
--       of both samples: who rotated out is not lost
-- Weights: the earlier round's; see overlap_counts.sql where units rotate
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
    CASE WHEN o.n_both > 0 THEN t.weight * o.n_then // o.n_both ELSE t.weight END AS weight,
    t.cluster
FROM pairs p
JOIN units t ON t.ordinal = p.earlier AND t.family NOT IN ('', 'unknown')
LEFT JOIN units n ON n.ordinal = p.later AND n.unit = t.unit AND n.unit_id = t.unit_id
LEFT JOIN overlap_counts o ON o.earlier = p.earlier AND o.later = p.later AND o.unit = t.unit AND o.stratum = t.stratum
WHERE o.unit IS NULL OR n.unit_id IS NOT NULL
