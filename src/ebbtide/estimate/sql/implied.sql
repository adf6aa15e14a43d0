-- Question: What does a check say of a target of a family, where no verdict is stored?
-- Unit: family (or the families that a site's targets tell) and check
-- Base: all that the table tellings holds; 9 is outside the check's base
-- Weights: none
SELECT c.ordinal, c.check_id, k.number, f.told,
    CASE
        WHEN len(c.families) = 0 THEN 3
        WHEN list_has_any(string_split(f.told, '|'), ['unknown']) THEN 2
        WHEN list_has_any(string_split(f.told, '|'), c.families) THEN 3
        ELSE 9
    END AS verdict_rank
FROM judged_checks c
JOIN compared_checks k USING (check_id)
JOIN tellings f USING (ordinal)
