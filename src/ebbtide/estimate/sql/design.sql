-- Question: Is the frame a census, or a sample whose units stand for more than themselves?
-- Unit: frame
-- Base: all planned targets
-- Weights: a single weight other than 1 makes it a sample
SELECT coalesce(bool_or(weight <> 1000000000), false) AS is_sample
FROM names
