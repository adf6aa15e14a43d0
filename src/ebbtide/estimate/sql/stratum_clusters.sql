-- Question: How many clusters does each stratum of the sample have?
-- Unit: cluster (the address that answers for a unit; one in all in a census)
-- Base: all planned units
-- Weights: none
SELECT unit, ordinal, stratum, count(DISTINCT cluster) AS clusters
FROM units
GROUP BY ALL
