"""Ebbtide: a survey of web servers that follows the same servers from month to month."""
