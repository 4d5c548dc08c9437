"""What is typed in a demo: the way from the file as it is to a right answer, edit by edit."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that says something, with the comments and blank lines above it."""

    text: str
    above: tuple[str, ...] = ()


def _lines(text: str) -> tuple[list[_Line], tuple[str, ...]]:
    """All lines that say something, and what follows the last one."""
    found: list[_Line] = []
    above: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            above.append(line)
        else:
            found.append(_Line(line, tuple(above)))
            above = []
    return found, tuple(above)


def edited_text(now: str, right: str, share: int = 1) -> str:
    """The file after one of ``share`` edits that together lead from ``now`` to ``right``.

    Each edit takes the next places that differ, from the top down; the last takes all that are left.
    Comments are the author's own: those of ``now`` stay with their lines.
    """
    old, end = _lines(now)
    new, _ = _lines(right)
    codes = SequenceMatcher(
        None, [line.text.strip() for line in old], [line.text.strip() for line in new], autojunk=False
    ).get_opcodes()
    places = sum(tag != "equal" for tag, *_ in codes)
    # Rounded up, so that an early edit is never an empty one.
    take = places if share <= 1 else -(-places // share)
    made: list[_Line] = []
    for tag, old_from, old_to, new_from, new_to in codes:
        take -= tag != "equal"
        if tag == "equal" or take < 0:
            made += old[old_from:old_to]
            continue
        for index, line in enumerate(new[new_from:new_to]):
            former = old_from + index
            made.append(_Line(line.text, old[former].above) if former < old_to else line)
    return "\n".join([part for line in made for part in (*line.above, line.text)] + list(end)) + "\n"
