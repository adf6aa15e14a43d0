-- Question: Which verdicts are stored, because they are not implied?
-- Unit: target and check
-- Base: targets of the chosen rounds
-- Weights: none
SELECT c.ordinal, v.target_id, v."check" AS check_id, v.kind, coalesce(v.reason, '') AS reason
FROM verdicts v
JOIN chosen c USING (round)
