-- Question: How did units that showed a check in the first round go on, round by round?
-- Unit: site, address
-- Base: units that showed the asked check in the first of the chosen rounds
-- Weights: the first round's; the path has a letter a round: s shown, n not shown, - anything else
WITH path AS (
    SELECT
        f.unit, f.unit_id, u.weight, u.cluster,
        string_agg(
            CASE v.verdict WHEN 'shown' THEN 's' WHEN 'not_shown' THEN 'n' ELSE '-' END, '' ORDER BY c.ordinal
        ) AS path
    FROM unit_verdicts f
    JOIN asked_check a ON a.check_id = f.check_id
    JOIN units u ON u.unit = f.unit AND u.unit_id = f.unit_id AND u.ordinal = f.ordinal
    CROSS JOIN chosen c
    LEFT JOIN unit_verdicts v
        ON v.unit = f.unit AND v.unit_id = f.unit_id AND v.ordinal = c.ordinal AND v.check_id = f.check_id
    WHERE f.ordinal = 1 AND f.verdict = 'shown'
    GROUP BY ALL
)
SELECT unit, path, cluster, count(*) AS n, sum(weight) AS w
FROM path
GROUP BY ALL
