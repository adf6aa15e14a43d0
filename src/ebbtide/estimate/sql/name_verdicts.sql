-- Question: What does each check say of each answering target, verdicts that are implied written out?
-- Unit: target
-- Base: answered targets whose family is in the check's base or unknown, and whatever else has a stored verdict;
--       a gate that is closed is left out
-- Weights: none
SELECT
    n.ordinal,
    n.target_id,
    n.site_id,
    n.endpoint_id,
    c.check_id,
    CASE coalesce(v.kind, CASE WHEN n.family = 'unknown' AND len(c.families) > 0 THEN 'cannot_tell' ELSE 'not_shown' END)
        WHEN 'shown' THEN 1 WHEN 'cannot_tell' THEN 2 WHEN 'not_shown' THEN 3 ELSE 4
    END AS verdict_rank,
    coalesce(v.reason, CASE WHEN n.family = 'unknown' AND len(c.families) > 0 THEN 'masked' ELSE '' END) AS reason
FROM names n
JOIN judged_checks c ON c.ordinal = n.ordinal
LEFT JOIN stored_verdicts v ON v.ordinal = n.ordinal AND v.target_id = n.target_id AND v.check_id = c.check_id
WHERE n.presence_rank = 1
    AND coalesce(v.reason, '') <> 'gate_closed'
    AND (v.kind IS NOT NULL OR len(c.families) = 0 OR n.family = 'unknown' OR list_contains(c.families, n.family))
