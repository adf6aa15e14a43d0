-- Question: Which versions of one family followed which?
-- Unit: pair of versions
-- Base: units that answered as the same family in both rounds with two different texts of version
-- Weights: none
SELECT DISTINCT version_then, version_now
FROM successions
WHERE family_now = family_then AND version_now <> version_then
