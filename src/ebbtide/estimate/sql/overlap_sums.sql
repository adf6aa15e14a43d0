-- Question: What are the additive sums of a share in two samples that overlap, over the clusters of each stratum?
-- Unit: cluster (the address that answers for a unit), in either sample
-- Base: units shown or not shown in a round; n_both counts units judged in both
-- Weights: each round's own; sums in ten thousandths, products in their squares, so that integers hold them exactly
WITH judged AS (
    SELECT p.earlier, p.later, s.unit, s.check_id, u.stratum, u.cluster, s.unit_id,
        CAST(round(s.weight / 100000) AS HUGEINT) AS weight,
        s.ordinal = p.later AS is_later, s.state = 'shown' AS is_shown
    FROM pairs p
    JOIN states s ON s.ordinal IN (p.earlier, p.later)
    JOIN units u USING (unit, unit_id, ordinal)
    WHERE s.state IN ('shown', 'not_shown')
),
cells AS (
    SELECT earlier, later, unit, check_id, stratum, cluster,
        count(*) - count(DISTINCT unit_id) AS n_both,
        coalesce(sum(weight) FILTER (is_shown AND NOT is_later), 0) AS y1,
        coalesce(sum(weight) FILTER (NOT is_later), 0) AS w1,
        coalesce(sum(weight) FILTER (is_shown AND is_later), 0) AS y2,
        coalesce(sum(weight) FILTER (is_later), 0) AS w2
    FROM judged
    GROUP BY ALL
)
SELECT earlier, later, unit, check_id, stratum, count(*) AS clusters, CAST(sum(n_both) AS BIGINT) AS n_both,
    sum(y1), sum(w1), sum(y2), sum(w2),
    sum(y1 * y1), sum(y1 * w1), sum(w1 * w1),
    sum(y2 * y2), sum(y2 * w2), sum(w2 * w2),
    sum(y1 * y2), sum(y1 * w2), sum(w1 * y2), sum(w1 * w2)
FROM cells
GROUP BY ALL
ORDER BY earlier, later, unit, check_id, stratum
