-- Question: How did each site of one shard end, which family and version does it tell, and which do its targets tell?
-- Unit: site
-- Base: all planned sites; as unit_presence.sql and unit_family.sql say it, sites of a single target on a short way
-- Weights: none
WITH told AS (
    SELECT n.ordinal, n.site_id, n.family, n.version, count(*) AS names
    FROM shard_names n
    JOIN shard_several USING (ordinal, site_id)
    WHERE n.presence_rank = 1 AND n.family <> ''
    GROUP BY ALL
),
ranked AS (
    SELECT *, sum(names) OVER (PARTITION BY ordinal, site_id, family) AS family_names FROM told
),
families AS (
    SELECT
        ordinal, site_id,
        arg_min(family, (family = 'unknown', -family_names, family, -names, version)) AS family,
        arg_min(version, (family = 'unknown', -family_names, family, -names, version)) AS version,
        string_agg(DISTINCT family, '|' ORDER BY family) AS told
    FROM ranked
    GROUP BY ordinal, site_id
)
SELECT ordinal, site_id, presence_rank, family, version, CASE WHEN presence_rank = 1 THEN family ELSE '' END AS told
FROM shard_names
ANTI JOIN shard_several USING (ordinal, site_id)
UNION ALL
SELECT ordinal, site_id, min(n.presence_rank), coalesce(any_value(f.family), ''), coalesce(any_value(f.version), ''),
    coalesce(any_value(f.told), '')
FROM shard_names n
JOIN shard_several USING (ordinal, site_id)
LEFT JOIN families f USING (ordinal, site_id)
GROUP BY ordinal, site_id
