"""A file being typed: lines that are the same stand still, the others appear letter by letter."""

from __future__ import annotations

from difflib import SequenceMatcher

from textual.content import Content

CONTEXT_LINES = 40


def fresh_lines(before: str, after: str) -> frozenset[int]:
    """Indices of the lines of ``after`` that ``before`` does not have at that place."""
    codes = SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False).get_opcodes()
    return frozenset(
        index for tag, _, _, start, end in codes if tag != "equal" for index in range(start, end)
    )


def keystrokes(before: str, after: str) -> int:
    """How many letters there are to type."""
    lines = after.splitlines()
    return sum(len(lines[index]) + 1 for index in fresh_lines(before, after))


def typed(before: str, after: str, letters: int) -> Content:
    """The file after so many letters; what was typed stands out."""
    fresh = fresh_lines(before, after)
    drawn: list[Content] = []
    for index, line in enumerate(after.splitlines()[:CONTEXT_LINES]):
        number = (f"{index + 1:>3}  ", "$quiet")
        if index not in fresh:
            style = "$quiet" if line.lstrip().startswith("#") else ""
            drawn.append(Content.assemble(number, (line, style)))
            continue
        if letters <= 0:
            continue
        shown = line[:letters]
        cursor = "▌" if letters <= len(line) else ""
        letters -= len(line) + 1
        drawn.append(Content.assemble(number, (shown, "bold $accent"), (cursor, "$accent")))
    return Content("\n").join(drawn)
