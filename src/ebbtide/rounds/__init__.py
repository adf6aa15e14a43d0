"""Rounds on disk, kept for good: Parquet tables, an append-only commit log, DuckDB views."""
