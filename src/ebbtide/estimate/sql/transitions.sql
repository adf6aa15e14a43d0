-- Question: In which state was each unit in two rounds?
-- Unit: site, address
-- Base: all units planned in either round
-- Weights: the later round's where the unit was planned then, else the earlier round's
WITH before AS (SELECT p.earlier, p.later, s.* FROM pairs p JOIN states s ON s.ordinal = p.earlier),
after AS (SELECT p.earlier, p.later, s.* FROM pairs p JOIN states s ON s.ordinal = p.later)
SELECT
    earlier, later, unit, check_id,
    coalesce(b.state, 'not_planned') AS state_then,
    coalesce(a.state, 'not_planned') AS state_now,
    count(*) AS n,
    sum(coalesce(a.weight, b.weight)) AS w
FROM before b
FULL JOIN after a USING (earlier, later, unit, unit_id, check_id)
GROUP BY ALL
