"""Edges: what comes in from the world outside and what goes out to it, one module a format."""
