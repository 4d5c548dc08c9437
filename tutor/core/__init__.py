"""Plain values and ports. Standard library only; imports nothing else of this package."""
