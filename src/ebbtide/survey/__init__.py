"""Conducts a round: opens, asks, resumes, seals, judges."""
