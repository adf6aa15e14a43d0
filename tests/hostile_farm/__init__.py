"""A farm of odd and hostile servers on loopback, with what Ebbtide must record of each; ``servers.SERVERS`` is the table."""
