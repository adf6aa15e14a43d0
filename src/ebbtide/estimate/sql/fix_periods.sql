-- Question: In each interval between neighbouring rounds, how many of the units that showed a check were seen mended?
-- Unit: site, address
-- Base: units that showed the asked check at the interval's first round and could be judged at its last
-- Weights: none; a cluster is the address that answers for the unit
SELECT
    p.earlier AS period, b.unit, u.family, q.address_cluster AS cluster,
    count(*) AS at_risk,
    count(*) FILTER (a.verdict = 'not_shown') AS ended
FROM pairs p
JOIN unit_verdicts b ON b.ordinal = p.earlier AND b.verdict = 'shown'
JOIN asked_check c ON c.check_id = b.check_id
JOIN unit_verdicts a
    ON a.unit = b.unit AND a.unit_id = b.unit_id AND a.check_id = b.check_id AND a.ordinal = p.later
    AND a.verdict IN ('shown', 'not_shown')
JOIN units u ON u.unit = b.unit AND u.unit_id = b.unit_id AND u.ordinal = p.earlier
JOIN unit_presence q ON q.unit = b.unit AND q.unit_id = b.unit_id AND q.ordinal = p.earlier
GROUP BY ALL
