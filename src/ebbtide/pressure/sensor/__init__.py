"""The sensor: a listener that records what is sent to it, answers one fixed page and does nothing else."""
