-- Question: How many units that did not answer had told a family in an earlier round?
-- Unit: site, address
-- Base: units that did not answer in the round
-- Weights: the unit's
SELECT unit, ordinal, presence, count(*) AS n, sum(weight) AS w
FROM units
WHERE presence <> 'answered' AND last_family <> ''
GROUP BY ALL
