"""``fromscratch`` and ``python -m tutor``."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from tutor.cli import cli

    cli(prog_name="fromscratch")


if __name__ == "__main__":
    main()
