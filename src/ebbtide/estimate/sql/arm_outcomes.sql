-- Question: What became of the sites of each arm that showed a check?
-- Unit: site
-- Base: sites of the table of arms that showed the asked check in the earlier round
-- Weights: none; a cluster is the address that answered for the site
SELECT
    r.arm, u.family, q.address_cluster AS cluster,
    count(*) AS shown,
    count(*) FILTER (a.verdict = 'not_shown') AS mended,
    count(*) FILTER (a.verdict = 'shown') AS open
FROM asked_arms r
JOIN unit_verdicts b ON b.unit = 'site' AND b.unit_id = r.site_id AND b.ordinal = 1 AND b.verdict = 'shown'
JOIN asked_check c ON c.check_id = b.check_id
JOIN units u ON u.unit = 'site' AND u.unit_id = b.unit_id AND u.ordinal = 1
JOIN unit_presence q ON q.unit = 'site' AND q.unit_id = b.unit_id AND q.ordinal = 1
LEFT JOIN unit_verdicts a
    ON a.unit = 'site' AND a.unit_id = b.unit_id AND a.check_id = b.check_id AND a.ordinal = 2
    AND a.verdict IN ('shown', 'not_shown')
GROUP BY ALL
