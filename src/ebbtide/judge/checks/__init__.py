"""Checks: packs read, decided on transcripts, listed, and held against their own samples."""
