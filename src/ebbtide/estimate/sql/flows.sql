-- Question: From which family of servers to which, or to which silence, did every unit go?
-- Unit: site, address
-- Base: units answered with a known family in the earlier round
-- Weights: the earlier round's
SELECT
    unit, family_then,
    CASE
        WHEN presence_now = 'not_planned' THEN 'not_planned'
        WHEN presence_now <> 'answered' THEN presence_now
        WHEN family_now IN ('', 'unknown') THEN 'masked'
        ELSE concat('family:', family_now)
    END AS went_to,
    count(*) AS n, sum(weight) AS w
FROM successions
GROUP BY ALL
