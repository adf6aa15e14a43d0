"""The expression language of nuclei templates. What a target says is a value in it, never text of it."""
