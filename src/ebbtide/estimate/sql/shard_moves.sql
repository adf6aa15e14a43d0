-- Question: What is seen of each site of the earlier round in both rounds, without any check?
-- Unit: site
-- Base: sites that answered in the earlier round; presence 0 is a site that was not planned in the later one
-- Weights: none
SELECT t.site_id, t.told AS told_then, t.family AS family_then, t.version AS version_then,
    coalesce(n.presence_rank, 0) AS presence_now, coalesce(n.told, '') AS told_now,
    coalesce(n.family, '') AS family_now, coalesce(n.version, '') AS version_now
FROM shard_sites t
LEFT JOIN shard_sites n ON n.ordinal = 2 AND n.site_id = t.site_id
WHERE t.ordinal = 1 AND t.presence_rank = 1
