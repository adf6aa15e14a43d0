-- Question: Of those same servers, how many show it now?
-- Unit: site, address
-- Base: of_cohort and difference: judged then and now; of_shown_then: of these, shown then
-- Weights: the earlier round's; the difference sums a change of -1, 0 or 1
WITH judged AS (
    SELECT *, state_now = 'shown' AS is_shown, verdict_then = 'shown' AS was_shown
    FROM cohort
    WHERE state_now IN ('shown', 'not_shown')
)
SELECT
    unit, earlier, later, '' AS lens, '' AS family, check_id, 'of_cohort' AS reading,
    state_now AS category, stratum, cluster,
    count(*) AS n, sum(weight) AS y, sum(weight) AS w
FROM judged
GROUP BY ALL
UNION ALL
SELECT
    unit, earlier, later, '', '', check_id, 'of_shown_then', state_now, stratum, cluster,
    count(*), sum(weight), sum(weight)
FROM judged
WHERE was_shown
GROUP BY ALL
UNION ALL
SELECT
    unit, earlier, later, '', '', check_id, 'difference',
    CASE WHEN was_shown AND is_shown THEN 'both' WHEN was_shown THEN 'mended' WHEN is_shown THEN 'opened'
        ELSE 'neither' END AS category,
    stratum, cluster,
    count(*), sum(weight * (CAST(is_shown AS INTEGER) - CAST(was_shown AS INTEGER))), sum(weight)
FROM judged
GROUP BY ALL
