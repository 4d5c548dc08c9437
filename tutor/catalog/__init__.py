"""Lessons on disk become core values; every mistake is told with file, line and what was expected."""
