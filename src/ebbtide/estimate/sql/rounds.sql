-- Question: Which rounds are there, and how many attempts did a target get before it was given up?
-- Unit: round
-- Base: all rounds; attempts are the most that any target of the round that failed was given and that ran to their end
-- Weights: none
SELECT r.round, r.reference_date, r.state, r.judgement, coalesce(max(f.finished) FILTER (o.kind = 'failed'), 1) AS attempts
FROM rounds r
LEFT JOIN final_outcomes o USING (round)
LEFT JOIN (SELECT round, target_id, count(*) AS finished FROM outcomes GROUP BY round, target_id) f
    USING (round, target_id)
GROUP BY r.round, r.reference_date, r.state, r.judgement, r.ordinal
ORDER BY r.ordinal
