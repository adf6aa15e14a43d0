"""Asks politely and keeps the whole answer."""
