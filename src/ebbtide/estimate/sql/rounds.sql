-- Question: Which rounds are there, and how many attempts did a target get before it was given up?
-- Unit: round
-- Base: all rounds; attempts are the most that any target of the round that failed was given and that ran to their end;
--       of a target that failed none was answered
-- Weights: none
SELECT r.round, r.reference_date, r.state, r.judgement, coalesce(max(f.finished), 1) AS attempts
FROM rounds r
LEFT JOIN (SELECT round, target_id FROM final_outcomes WHERE kind = 'failed') o USING (round)
LEFT JOIN (
    SELECT round, target_id, count(*) AS finished FROM outcomes WHERE kind <> 'answered' GROUP BY round, target_id
) f USING (round, target_id)
GROUP BY r.round, r.reference_date, r.state, r.judgement, r.ordinal
ORDER BY r.ordinal
