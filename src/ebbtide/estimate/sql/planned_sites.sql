-- Question: Which sites were planned, and where was each asked?
-- Unit: site
-- Base: all planned sites of the round that still have their name
-- Weights: none; of several addresses of a site one is taken, always the same
SELECT t.site_id, any_value(t.host) AS host, coalesce(min(nullif(o.address, '')), '') AS address
FROM targets t
JOIN chosen c USING (round)
LEFT JOIN final_outcomes o ON o.round = t.round AND o.target_id = t.target_id
WHERE t.host <> ''
GROUP BY t.site_id
