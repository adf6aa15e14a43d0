-- Question: What does each target say of itself, by which facts are divided?
-- Unit: target
-- Base: planned targets of the chosen rounds; of a host that is an address there is no top-level domain
-- Weights: none
SELECT c.ordinal, t.target_id, 'transport' AS lens, CASE t.scheme WHEN 'https' THEN 'tls' ELSE 'plain' END AS value
FROM targets t
JOIN chosen c USING (round)
UNION ALL
SELECT c.ordinal, t.target_id, 'stratum', t.stratum
FROM targets t
JOIN chosen c USING (round)
WHERE t.stratum <> ''
UNION ALL
SELECT c.ordinal, t.target_id, 'tld', split_part(t.host, '.', -1)
FROM targets t
JOIN chosen c USING (round)
WHERE NOT contains(t.host, ':') AND TRY_CAST(split_part(t.host, '.', -1) AS BIGINT) IS NULL AND t.host <> ''
UNION ALL
SELECT c.ordinal, s.target_id, 'front', CASE WHEN bool_or(s.role = 'front') THEN 'front' ELSE 'origin' END
FROM software s
JOIN chosen c USING (round)
GROUP BY c.ordinal, s.target_id
UNION ALL
SELECT c.ordinal, o.target_id, n.lens, n.value
FROM final_outcomes o
JOIN chosen c USING (round)
JOIN address_values n ON n.address = o.address
