"""Attack load from access logs: lines are read, attacks told by named signatures, and counted in three units."""
