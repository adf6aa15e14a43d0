-- Question: What stands beside the base of a prevalence, and makes its bounds?
-- Unit: site, address
-- Base: answered units with a verdict (masked ones may or may not belong to the base), and units that did not answer
--       and whose last told family in an earlier round is in the check's base
-- Weights: the unit's
SELECT v.unit, v.ordinal, v.check_id, v.verdict AS state, v.reason = 'masked' AS is_masked,
    count(*) AS n, sum(u.weight) AS w
FROM unit_verdicts v
JOIN units u USING (unit, unit_id, ordinal)
GROUP BY ALL
UNION ALL
SELECT u.unit, u.ordinal, c.check_id, u.presence, false, count(*), sum(u.weight)
FROM units u
JOIN judged_checks c ON c.ordinal = u.ordinal
WHERE u.presence <> 'answered' AND (len(c.families) = 0 OR list_contains(c.families, u.last_family))
GROUP BY ALL
