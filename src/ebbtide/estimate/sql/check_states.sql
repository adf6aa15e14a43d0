-- Question: In which state was each unit in each round, as far as each check goes?
-- Unit: site, address
-- Base: all planned units, those outside the check's base included
-- Weights: the unit's
SELECT
    u.ordinal, u.unit, u.unit_id, u.weight, c.check_id,
    CASE WHEN u.presence <> 'answered' THEN u.presence ELSE coalesce(v.verdict, 'other_software') END AS state
FROM units u
JOIN judged_checks c ON c.ordinal = u.ordinal
LEFT JOIN unit_verdicts v
    ON v.ordinal = u.ordinal AND v.unit = u.unit AND v.unit_id = u.unit_id AND v.check_id = c.check_id
