-- Question: How many units of each family could be judged by a check in each round, and how many showed it?
-- Unit: site, address
-- Base: units that the asked check could judge
-- Weights: none
SELECT v.ordinal, v.unit, u.family, count(*) AS base, count(*) FILTER (v.verdict = 'shown') AS shown
FROM unit_verdicts v
JOIN asked_check c ON c.check_id = v.check_id
JOIN units u ON u.unit = v.unit AND u.unit_id = v.unit_id AND u.ordinal = v.ordinal
WHERE v.verdict IN ('shown', 'not_shown')
GROUP BY ALL
