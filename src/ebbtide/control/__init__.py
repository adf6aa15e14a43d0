"""Proofs of control in SQLite; letters and leases will follow."""
