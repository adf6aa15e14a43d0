-- Question: How did each target of one site end in each round, and which server answered?
-- Unit: target
-- Base: the planned targets of the asked site, in all rounds; of what was erased no name is left, and nothing is told
-- Weights: none
SELECT
    r.ordinal, r.round, CAST(r.reference_date AS VARCHAR) AS day, r.judgement,
    t.target_id, t.scheme, t.port,
    coalesce(nullif(o.address, ''), t.address) AS address,
    coalesce(o.kind, '') AS kind, coalesce(o.stage, '') AS stage, coalesce(o.fault, '') AS fault,
    coalesce(o.reason, '') AS reason,
    coalesce(s.family, '') AS family, coalesce(s.product, '') AS product, coalesce(s.version, '') AS version
FROM targets t
JOIN asked_site a USING (site_id)
JOIN rounds r ON r.round = t.round
LEFT JOIN final_outcomes o ON o.round = t.round AND o.target_id = t.target_id
LEFT JOIN software s ON s.round = t.round AND s.target_id = t.target_id AND s.is_family
WHERE t.host <> ''
ORDER BY r.ordinal, t.scheme, t.port, t.target_id
