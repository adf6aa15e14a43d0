-- Question: In which state was each unit in two rounds, as far as one check goes?
-- Unit: site, address
-- Base: all units planned in either round, those outside the check's base included
-- Weights: the later round's where the unit was planned then, else the earlier round's
WITH told AS (
    SELECT
        u.ordinal, u.unit, u.unit_id, u.weight, c.check_id,
        CASE WHEN u.presence <> 'answered' THEN u.presence ELSE coalesce(v.verdict, 'other_software') END AS state
    FROM units u
    JOIN judged_checks c ON c.ordinal = u.ordinal
    LEFT JOIN unit_verdicts v
        ON v.ordinal = u.ordinal AND v.unit = u.unit AND v.unit_id = u.unit_id AND v.check_id = c.check_id
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
