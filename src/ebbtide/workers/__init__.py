"""Executors: one spawned process per core, or this process."""
