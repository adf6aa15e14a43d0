-- Question: What became of every unit that a check could judge in an earlier round?
-- Unit: site, address
-- Base: units shown or not shown in the earlier round, where both rounds were judged by the same version of the
--       check; where the later round is a sample that was drawn, units of both samples: who rotated out is not lost
-- Weights: the earlier round's; see overlap_counts.sql where units rotate
SELECT
    p.earlier,
    p.later,
    v.unit,
    v.unit_id,
    v.check_id,
    v.verdict AS verdict_then,
    CASE
        WHEN n.presence IS NULL THEN 'unknown'
        WHEN n.presence = 'answered' THEN coalesce(w.verdict, 'not_asked')
        ELSE n.presence
    END AS state_now,
    coalesce(w.verdict, 'not_asked') AS verdict_now,
    coalesce(n.presence, 'not_planned') AS presence_now,
    t.family AS family_then,
    coalesce(n.family, '') AS family_now,
    t.version AS version_then,
    coalesce(n.version, '') AS version_now,
    t.stratum,
    CASE WHEN o.n_both > 0 THEN t.weight * o.n_then // o.n_both ELSE t.weight END AS weight,
    t.cluster
FROM pairs p
JOIN judged_checks c ON c.ordinal = p.earlier
JOIN judged_checks d ON d.ordinal = p.later AND d.check_id = c.check_id AND d.version = c.version
JOIN unit_verdicts v ON v.ordinal = p.earlier AND v.check_id = c.check_id AND v.verdict IN ('shown', 'not_shown')
JOIN units t ON t.ordinal = p.earlier AND t.unit = v.unit AND t.unit_id = v.unit_id
LEFT JOIN units n ON n.ordinal = p.later AND n.unit = v.unit AND n.unit_id = v.unit_id
LEFT JOIN unit_verdicts w
    ON w.ordinal = p.later AND w.unit = v.unit AND w.unit_id = v.unit_id AND w.check_id = v.check_id
LEFT JOIN overlap_counts o ON o.earlier = p.earlier AND o.later = p.later AND o.unit = t.unit AND o.stratum = t.stratum
WHERE o.unit IS NULL OR n.unit_id IS NOT NULL
