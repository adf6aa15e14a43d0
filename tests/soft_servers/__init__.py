"""Servers that say yes to every name, in twenty-five ways and twenty moods each; ``personas.PERSONAS`` is the list."""
