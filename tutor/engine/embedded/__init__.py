"""The embedded engine: the same Dockerfile with no daemon and no root."""
