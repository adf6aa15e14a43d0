-- Question: In which state is every site of each constituent, check by check?
-- Unit: site
-- Base: all planned sites of the round; those that no entry of the table names have the constituent 0
-- Weights: none
SELECT
    coalesce(m.member, 0) AS member, c.check_id,
    CASE WHEN u.presence <> 'answered' THEN u.presence ELSE coalesce(v.verdict, 'other_software') END AS state,
    count(*) AS n
FROM units u
JOIN judged_checks c ON c.ordinal = u.ordinal
LEFT JOIN members m ON m.site_id = u.unit_id
LEFT JOIN unit_verdicts v
    ON v.ordinal = u.ordinal AND v.unit = u.unit AND v.unit_id = u.unit_id AND v.check_id = c.check_id
WHERE u.unit = 'site'
GROUP BY ALL
