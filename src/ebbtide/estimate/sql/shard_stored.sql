-- Question: What does each check say of each site of one shard, where a verdict on one of its targets is stored?
-- Unit: site and check
-- Base: answered sites with a stored verdict. Of a single target the verdict is the site's; of several the others say what
--       is implied, and the least rank counts: 1 shown, 2 cannot tell, 3 not shown, 4 not asked; 9 outside the base
-- Weights: none
WITH stored AS (
    SELECT c.ordinal, v.site_id, v.target_id, k.number,
        CASE
            WHEN coalesce(v.reason, '') = 'gate_closed' THEN 9
            WHEN v.kind = 'shown' THEN 1 WHEN v.kind = 'cannot_tell' THEN 2 WHEN v.kind = 'not_shown' THEN 3
            ELSE 4
        END AS verdict_rank
    FROM verdicts v
    JOIN chosen c USING (round)
    JOIN compared_checks k ON k.check_id = v."check"
),
touched AS (
    SELECT DISTINCT ordinal, site_id, number FROM stored JOIN shard_several USING (ordinal, site_id)
)
SELECT ordinal, site_id, number, verdict_rank
FROM stored
ANTI JOIN shard_several USING (ordinal, site_id)
UNION ALL
SELECT t.ordinal, t.site_id, t.number, min(coalesce(s.verdict_rank, i.verdict_rank))
FROM touched t
JOIN shard_names n ON n.ordinal = t.ordinal AND n.site_id = t.site_id AND n.presence_rank = 1
JOIN implied i ON i.ordinal = t.ordinal AND i.number = t.number AND i.told = n.family
LEFT JOIN stored s ON s.ordinal = t.ordinal AND s.target_id = n.target_id AND s.number = t.number
GROUP BY ALL
