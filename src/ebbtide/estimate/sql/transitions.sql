-- Question: In which state was each unit in two rounds?
-- Unit: site, address
-- Base: all units planned in either round; an address of one round alone has moved where a name that lay at it lies at
--       another address in the other round
-- Weights: the later round's where the unit was planned then, else the earlier round's
WITH before AS (SELECT p.earlier, p.later, s.* FROM pairs p JOIN states s ON s.ordinal = p.earlier),
after AS (SELECT p.earlier, p.later, s.* FROM pairs p JOIN states s ON s.ordinal = p.later),
both_rounds AS (
    SELECT
        earlier, later, unit, unit_id, check_id,
        b.state AS state_then, a.state AS state_now, coalesce(a.weight, b.weight) AS weight
    FROM before b
    FULL JOIN after a USING (earlier, later, unit, unit_id, check_id)
),
lonely AS (
    SELECT DISTINCT
        unit_id, CASE WHEN state_now IS NULL THEN earlier ELSE later END AS at_home,
        CASE WHEN state_now IS NULL THEN later ELSE earlier END AS elsewhere
    FROM both_rounds
    WHERE unit = 'address' AND (state_then IS NULL OR state_now IS NULL)
),
moved AS (
    SELECT DISTINCT l.unit_id, l.at_home
    FROM lonely l
    JOIN names here ON here.ordinal = l.at_home AND here.endpoint_id = l.unit_id
    JOIN names there ON there.ordinal = l.elsewhere AND there.site_id = here.site_id AND there.endpoint_id <> 0
)
SELECT
    r.earlier, r.later, r.unit, r.check_id,
    coalesce(r.state_then, CASE WHEN m.unit_id IS NULL THEN 'not_planned' ELSE 'moved' END) AS state_then,
    coalesce(r.state_now, CASE WHEN m.unit_id IS NULL THEN 'not_planned' ELSE 'moved' END) AS state_now,
    count(*) AS n,
    sum(r.weight) AS w
FROM both_rounds r
LEFT JOIN moved m
    ON r.unit = 'address' AND m.unit_id = r.unit_id
    AND m.at_home = CASE WHEN r.state_now IS NULL THEN r.earlier ELSE r.later END
GROUP BY ALL
