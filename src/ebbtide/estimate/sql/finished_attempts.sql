-- Question: How many attempts at each target ran to their end?
-- Unit: target (one name, address, port and scheme in one round)
-- Base: all targets with an outcome; an attempt that a crash of ours interrupted left none
-- Weights: none
SELECT round, target_id, count(*) AS finished
FROM outcomes
GROUP BY round, target_id
