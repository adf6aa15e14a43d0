-- Question: What stands beside the base of a prevalence by every lens, and makes its bounds?
-- Unit: site, address
-- Base: as in prevalence_beside
-- Weights: the unit's
SELECT v.unit, v.ordinal, v.check_id, l.lens, l.value, v.verdict AS state, v.reason = 'masked' AS is_masked,
    count(*) AS n, sum(u.weight) AS w
FROM unit_verdicts v
JOIN units u USING (unit, unit_id, ordinal)
JOIN unit_lenses l USING (unit, unit_id, ordinal)
GROUP BY ALL
UNION ALL
SELECT u.unit, u.ordinal, c.check_id, l.lens, l.value, u.presence, false, count(*), sum(u.weight)
FROM units u
JOIN judged_checks c ON c.ordinal = u.ordinal
JOIN unit_lenses l ON l.unit = u.unit AND l.unit_id = u.unit_id AND l.ordinal = u.ordinal
WHERE u.presence <> 'answered' AND (len(c.families) = 0 OR list_contains(c.families, u.last_family))
GROUP BY ALL
