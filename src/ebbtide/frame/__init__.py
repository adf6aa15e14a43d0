"""Who is asked: sources, canonical names, ids."""
