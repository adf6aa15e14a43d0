-- Question: How did each unit end in each round?
-- Unit: site, address
-- Base: all planned units; answered if any of its targets answered, else refused, silent, broken off, unknown or
--       skipped, whichever of these comes first among its targets
-- Weights: mean over the unit's targets
SELECT
    unit,
    unit_id,
    ordinal,
    ['answered', 'refused', 'silent', 'blocked', 'unknown', 'skipped'][min(presence_rank)] AS presence,
    coalesce(arg_min(fault, (presence_rank, fault)), '') AS fault,
    min(stratum) AS stratum,
    CAST(round(sum(weight) / count(*)) AS HUGEINT) AS weight,
    coalesce(min(nullif(endpoint_id, 0)), unit_id) AS address_cluster
FROM unit_names
GROUP BY unit, unit_id, ordinal
