"""A lesson's markdown cut into steps: prose on one hand, device blocks on the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tutor.catalog.problem import ProblemList, one_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

DEVICE_NAMES = ("predict", "do", "quiz", "order", "fill", "check", "hint", "note", "recall")


@dataclass(frozen=True, slots=True)
class DeviceBlock:
    """One fenced block that carries a device."""

    name: str
    text: str
    line: int
    """Of the opening fence; the text begins on the next line."""


@dataclass(frozen=True, slots=True)
class StepText:
    """One ``##`` heading and what stands under it."""

    id: str
    title: str
    prose: str
    blocks: tuple[DeviceBlock, ...]
    line: int


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Only the shape of the page is needed here; the screen renders the inline part.
    return MarkdownIt("commonmark").disable(["inline", "text_join"], ignoreInvalid=True)


def cut_into_steps(text: str, first_line: int, problems: ProblemList) -> list[StepText]:
    """The steps of a lesson's body, whose first line has this number in the file."""
    lines = text.split("\n")
    tokens = _parser().parse(text)
    headings = [index for index, token in enumerate(tokens) if _is_heading(token)]
    _report_stray_parts(tokens, headings, first_line, problems)
    steps: list[StepText] = []
    for nth, index in enumerate(headings):
        heading = tokens[index]
        if heading.tag != "h2" or heading.map is None:
            continue
        following = [tokens[i] for i in headings[nth + 1 :] if tokens[i].tag == "h2"]
        end = following[0].map[0] if following and following[0].map else len(lines)
        title = tokens[index + 1].content.strip()
        begin = heading.map[1]
        fences = [t for t in tokens if t.type == "fence" and t.map and begin <= t.map[0] < end]
        blocks, taken = _devices(fences, lines, first_line, problems)
        prose = "\n".join(line for at, line in enumerate(lines[begin:end], begin) if at not in taken)
        step = StepText(
            id=slug_of(title),
            title=title,
            prose=re.sub(r"\n{3,}", "\n\n", prose).strip("\n"),
            blocks=tuple(blocks),
            line=heading.map[0] + first_line,
        )
        _report_name(step, steps, problems)
        steps.append(step)
    return steps


def slug_of(title: str) -> str:
    """``Why it's small`` → ``why-it-s-small``."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _is_heading(token: Token) -> bool:
    return token.type == "heading_open" and token.level == 0 and token.tag in {"h1", "h2"}


def _report_name(step: StepText, earlier: list[StepText], problems: ProblemList) -> None:
    if not step.id:
        problems.add(step.line, "A step has no title.", "Write it after ##.")
    for other in earlier:
        if other.id == step.id:
            problems.add(
                step.line, f'Two steps are called "{step.title}"; the other is in line {other.line}.'
            )


def _report_stray_parts(
    tokens: list[Token], headings: list[int], first_line: int, problems: ProblemList
) -> None:
    for index in headings:
        if tokens[index].tag == "h1":
            problems.add(
                _line(tokens[index], first_line),
                f'"# {tokens[index + 1].content}" is no step.',
                "A lesson's title stands in its front matter; a step begins with ##.",
            )
    if not any(tokens[index].tag == "h2" for index in headings):
        problems.add(first_line, "The lesson has no step.", "A step begins with a heading: ## What it shows")
    elif tokens[0].tag not in {"h1", "h2"}:
        problems.add(
            _line(tokens[0], first_line),
            "Text stands before the first step.",
            "Move it under a ## heading, or the sentence of its purpose to goal in the front matter.",
        )


def _line(token: Token, first_line: int) -> int:
    return (token.map[0] if token.map else 0) + first_line


def _devices(
    fences: list[Token], lines: list[str], first_line: int, problems: ProblemList
) -> tuple[list[DeviceBlock], set[int]]:
    """The device blocks among these fences, and the line indices that they take."""
    blocks: list[DeviceBlock] = []
    taken: set[int] = set()
    for fence in fences:
        if fence.map is None:
            continue
        line = fence.map[0] + first_line
        words = fence.info.split()
        if not words:
            continue
        if words[0].lower() in DEVICE_NAMES:
            problems.add(
                line, f"```{words[0]} is no device block.", f"Write ```yaml {words[0].lower()} instead."
            )
        if words[0].lower() not in {"yaml", "yml"} or len(words) == 1:
            continue
        taken.update(range(fence.map[0], fence.map[1]))
        if words[0] != "yaml" or len(words) > 2 or words[1] not in DEVICE_NAMES:
            problems.add(
                line,
                f'"```{fence.info.strip()}" names no device that is known.',
                one_of(DEVICE_NAMES, words[1].lower()) + " They are written as ```yaml predict.",
            )
        elif fence.level > 0:
            problems.add(
                line,
                f"The {words[1]} block stands inside a list or a quotation.",
                "Begin it at the left margin.",
            )
        elif not lines[fence.map[1] - 1].strip().startswith(fence.markup[:3]) or (
            fence.map[1] - fence.map[0] < 2
        ):
            problems.add(line, f"The {words[1]} block is not closed.", "End it with a line of ```.")
        else:
            blocks.append(DeviceBlock(words[1], fence.content, line))
    return blocks, taken
