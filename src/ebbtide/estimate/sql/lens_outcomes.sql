-- Question: How did asking end, by every lens?
-- Unit: site, address
-- Base: all planned units, unweighted
-- Weights: none
SELECT u.unit, u.ordinal, l.lens, l.value, u.presence, count(*) AS n
FROM units u
JOIN unit_lenses l USING (unit, unit_id, ordinal)
GROUP BY ALL
