"""FROM scratch: an interactive tutor for small container images, in the terminal."""

__version__ = "0.1.0"
