-- Question: How did asking end?
-- Unit: site, address
-- Base: all planned units, unweighted
-- Weights: none
SELECT unit, ordinal, presence, fault, count(*) AS n
FROM units
GROUP BY ALL
