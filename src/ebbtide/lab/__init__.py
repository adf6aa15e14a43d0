"""A miniature Internet on loopback, for demonstration and tests. It imports no other room."""
