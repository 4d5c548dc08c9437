"""Screens, each with its stylesheet beside it."""

from __future__ import annotations

from pathlib import Path

STYLES = Path(__file__).parent
"""Where stylesheets lie."""
