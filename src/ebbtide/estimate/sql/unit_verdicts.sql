-- Question: What does each check say of each unit?
-- Unit: site, address
-- Base: units with an answered target in the check's base or of unknown family; shown if any target shows it, else
--       cannot tell if any cannot be told, else not shown if any does not, else not asked
-- Weights: none
WITH told AS (
    SELECT 'site' AS unit, site_id AS unit_id, ordinal, check_id, verdict_rank, reason FROM name_verdicts
    UNION ALL
    SELECT 'address', endpoint_id, ordinal, check_id, verdict_rank, reason FROM name_verdicts WHERE endpoint_id <> 0
)
SELECT
    unit,
    unit_id,
    ordinal,
    check_id,
    ['shown', 'cannot_tell', 'not_shown', 'not_asked'][min(verdict_rank)] AS verdict,
    arg_min(reason, (verdict_rank, reason)) AS reason
FROM told
GROUP BY unit, unit_id, ordinal, check_id
