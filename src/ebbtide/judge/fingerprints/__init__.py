"""Fingerprints in recog's format: read, matched, and held against their own examples."""
