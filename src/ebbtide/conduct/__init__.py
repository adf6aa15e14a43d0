"""The rules of conduct as pure decisions: identity, authority, scope, exclusions, opt-outs."""
