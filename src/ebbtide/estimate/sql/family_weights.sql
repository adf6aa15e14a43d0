-- Question: Which families are the commonest over all chosen rounds?
-- Unit: site, address
-- Base: answered units with a known family
-- Weights: the unit's
SELECT unit, family, sum(weight) AS w
FROM units
WHERE presence = 'answered' AND family NOT IN ('', 'unknown')
GROUP BY ALL
ORDER BY w DESC, family, unit
