-- Question: What was drawn for the last of the chosen rounds that is a sample?
-- Unit: site
-- Base: sites of the frame, over all strata
-- Weights: none
SELECT d.round, any_value(d.leaving), count(*), CAST(sum(d.sites) AS BIGINT), CAST(sum(d.drawn) AS BIGINT)
FROM designs d
JOIN chosen c USING (round)
GROUP BY d.round, c.ordinal
ORDER BY c.ordinal DESC
LIMIT 1
