"""Checks, each a function from evidence to a verdict; the runner; reports."""
