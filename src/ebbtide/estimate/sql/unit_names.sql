-- Question: Which targets speak for which unit of count?
-- Unit: site (one host name) and address (one address and port)
-- Base: all planned targets; for addresses those whose address was known
-- Weights: none
SELECT 'site' AS unit, site_id AS unit_id, * EXCLUDE (site_id) FROM names
UNION ALL
SELECT 'address' AS unit, endpoint_id AS unit_id, * EXCLUDE (site_id) FROM names WHERE endpoint_id <> 0
