"""Docker and what speaks its API. Nothing outside this package knows the SDK."""
