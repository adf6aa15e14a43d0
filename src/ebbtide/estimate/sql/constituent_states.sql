-- Question: In which state is every site of each constituent, check by check?
-- Unit: site
-- Base: all planned sites of the round; those that no entry of the table names have the constituent 0
-- Weights: none
SELECT coalesce(m.member, 0) AS member, s.check_id, s.state, count(*) AS n
FROM states s
LEFT JOIN members m ON m.site_id = s.unit_id
WHERE s.unit = 'site'
GROUP BY ALL
