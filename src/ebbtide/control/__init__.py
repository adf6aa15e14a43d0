"""Proofs, letters and leases in SQLite. Nothing lives here yet."""
