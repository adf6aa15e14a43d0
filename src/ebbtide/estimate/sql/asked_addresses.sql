-- Question: At which addresses was anybody asked?
-- Unit: address
-- Base: all planned targets of the chosen rounds whose address is known
-- Weights: none
SELECT DISTINCT o.address
FROM final_outcomes o
JOIN chosen c USING (round)
WHERE o.address <> ''
ORDER BY o.address
