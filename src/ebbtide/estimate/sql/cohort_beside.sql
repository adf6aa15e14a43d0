-- Question: Where are those of the cohort that no check judges any more?
-- Unit: site, address
-- Base: units judged in the earlier round, by what they showed then and what is seen of them now
-- Weights: the earlier round's
SELECT unit, earlier, later, check_id, verdict_then, state_now, count(*) AS n, sum(weight) AS w
FROM cohort
GROUP BY ALL
