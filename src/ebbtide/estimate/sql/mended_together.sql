-- Question: Of units that showed two checks, how many mended the one, the other, both?
-- Unit: site, address
-- Base: units that showed both checks in the earlier round and could be judged by both in the later one
-- Weights: none
SELECT
    a.unit, a.check_id AS first_check, b.check_id AS second_check,
    count(*) FILTER (a.state_now = 'not_shown' AND b.state_now = 'not_shown') AS both,
    count(*) FILTER (a.state_now = 'not_shown' AND b.state_now = 'shown') AS first_alone,
    count(*) FILTER (a.state_now = 'shown' AND b.state_now = 'not_shown') AS second_alone,
    count(*) FILTER (a.state_now = 'shown' AND b.state_now = 'shown') AS neither
FROM cohort a
JOIN cohort b USING (unit, unit_id, earlier, later)
WHERE a.check_id < b.check_id
    AND a.verdict_then = 'shown' AND b.verdict_then = 'shown'
    AND a.state_now IN ('shown', 'not_shown') AND b.state_now IN ('shown', 'not_shown')
GROUP BY ALL
