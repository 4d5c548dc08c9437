"""Engines: docker and embedded. An engine knows no screen and no lesson."""
