-- Question: In which state was each unit in two rounds, as far as running one family of servers goes?
-- Unit: site, address
-- Base: all units planned in either round; who answers without telling a family cannot be told
-- Weights: the later round's where the unit was planned then, else the earlier round's
WITH told AS (
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
),
before AS (SELECT p.earlier, p.later, t.* FROM pairs p JOIN told t ON t.ordinal = p.earlier),
after AS (SELECT p.earlier, p.later, t.* FROM pairs p JOIN told t ON t.ordinal = p.later)
SELECT
    earlier, later, unit, check_id,
    coalesce(b.state, 'not_planned') AS state_then,
    coalesce(a.state, 'not_planned') AS state_now,
    count(*) AS n,
    sum(coalesce(a.weight, b.weight)) AS w
FROM before b
FULL JOIN after a USING (earlier, later, unit, unit_id, check_id)
GROUP BY ALL
