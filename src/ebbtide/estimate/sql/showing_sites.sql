-- Question: Which sites show a check, and at which address?
-- Unit: site
-- Base: sites of the one chosen round that show the asked check
-- Weights: none
SELECT min(t.host) AS host, any_value(q.address_cluster) AS cluster
FROM unit_verdicts v
JOIN asked_check c ON c.check_id = v.check_id
JOIN chosen r ON r.ordinal = v.ordinal
JOIN targets t ON t.round = r.round AND t.site_id = v.unit_id
JOIN unit_presence q ON q.unit = v.unit AND q.unit_id = v.unit_id AND q.ordinal = v.ordinal
WHERE v.unit = 'site' AND v.verdict = 'shown' AND t.host <> ''
GROUP BY v.unit_id
ORDER BY host
