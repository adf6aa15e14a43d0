"""Ebbtide: a survey of web servers that follows the same servers from month to month."""

__version__ = "0.1.0"
