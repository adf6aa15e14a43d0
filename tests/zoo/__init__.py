"""Real servers of thirteen products, each plain, hardened and misconfigured; ``table.ZOO`` is the list.

A product is one file: how its variants are configured, and with which command they start. What a survey must see of
each stands in ``expectations.toml``, written from the configurations.
"""
