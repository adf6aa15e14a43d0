"""Whether an answer to a named path is an answer to that name, or what the server says to any name."""
