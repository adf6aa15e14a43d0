-- Question: Which checks judged which round?
-- Unit: check in a round
-- Base: checks of each chosen round's current judgement
-- Weights: none
SELECT c.ordinal, k."check" AS check_id, k.version, coalesce(k.families, []) AS families
FROM checks k
JOIN chosen c USING (round)
