-- Question: How many units of an earlier round are in the sample that was drawn for a later one?
-- Unit: site, address
-- Base: units of the earlier round, by stratum, of pairs whose later round drew a sample: a unit in both stands for
--       n_then / n_both of them, since who rotated out was chosen by chance
-- Weights: none
SELECT p.earlier, p.later, t.unit, t.stratum, count(*) AS n_then, count(n.unit_id) AS n_both
FROM pairs p
JOIN units t ON t.ordinal = p.earlier
LEFT JOIN units n ON n.ordinal = p.later AND n.unit = t.unit AND n.unit_id = t.unit_id
WHERE p.later IN (SELECT c.ordinal FROM designs d JOIN chosen c USING (round))
GROUP BY ALL
