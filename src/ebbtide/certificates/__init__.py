"""Certificates: read closely, and held against a time and a name."""
