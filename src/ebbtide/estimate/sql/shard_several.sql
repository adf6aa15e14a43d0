-- Question: Which sites of one shard have more than one target in a round?
-- Unit: site
-- Base: all planned sites
-- Weights: none
SELECT ordinal, site_id FROM shard_names GROUP BY ordinal, site_id HAVING count(*) > 1
