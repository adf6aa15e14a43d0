-- Question: In which state was each unit in each round, as far as running one family of servers goes?
-- Unit: site, address
-- Base: all planned units; who answers without telling a family cannot be told
-- Weights: the unit's
SELECT
    u.ordinal, u.unit, u.unit_id, u.weight, f.family AS check_id,
    CASE
        WHEN u.presence <> 'answered' THEN u.presence
        WHEN u.family IN ('', 'unknown') THEN 'cannot_tell'
        WHEN u.family = f.family THEN 'shown'
        ELSE 'not_shown'
    END AS state
FROM units u
CROSS JOIN asked_family f
