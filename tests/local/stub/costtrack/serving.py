"""The stub needs no hooks."""
