"""A person asks, at a terminal."""
