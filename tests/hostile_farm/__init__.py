"""Odd and hostile servers on loopback, with what must be recorded of each; ``servers.SERVERS`` is the table."""
