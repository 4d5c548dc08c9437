"""Numbers and lists as a learner reads them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def megabytes(count: int) -> str:
    """``4.71 MB``, ``295 MB``, ``812 bytes``. A megabyte is 10^6 bytes, as Docker prints it."""
    if count < 1_000:
        return f"{count} bytes" if count != 1 else "1 byte"
    if count < 100_000:
        return f"{count / 1_000:.1f} kB"
    value = count / 1_000_000
    return f"{value:.2f} MB" if value < 10 else f"{value:.1f} MB" if value < 100 else f"{value:.0f} MB"


def counted(count: int, one: str, many: str = "") -> str:
    """``1 file``, ``3 files``."""
    return f"{count} {one}" if count == 1 else f"{count} {many or one + 's'}"


def listed(items: Sequence[str], limit: int = 6, last: str = "and") -> str:
    """``a, b and c``, or with another word before the last; what is beyond the limit is counted."""
    items = list(items)
    if len(items) > limit:
        return f"{', '.join(items[:limit])} {last} {len(items) - limit} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def percent(part: int, whole: int) -> str:
    """How much ``part`` is of ``whole``: ``2.1 %``."""
    return f"{100 * part / whole:.1f} %" if whole else "all"


def nearest(word: str, choices: Sequence[str]) -> str:
    """The choice that was probably meant; empty when none is near."""
    return next(iter(get_close_matches(word.lower(), choices, n=1, cutoff=0.6)), "")


def excerpt(text: str, limit: int = 200) -> str:
    """One line of a text, cut to what fits into a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
