"""What a lesson's author should mend although the lesson can be read: hints, rules, links, info strings."""

from __future__ import annotations

import re
from pathlib import Path

from tutor.catalog.markdown import DEVICE_NAMES
from tutor.catalog.problem import LessonProblem, ProblemList, one_of
from tutor.core.lesson import CheckSpec, Hint, Lesson

INFO_STRINGS = ("", "console", "dockerfile", "go", "http", "json", "sh", "text", "yaml")
"""What a plain sample may be called: the screen knows how to draw these."""

_SAMPLE = re.compile(r"^(?: {0,3})(`{3,}|~{3,})[ ]*([^\s`]*)", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_GIVEN_AWAY = re.compile(r"(?:COPY|ENTRYPOINT|CMD|FROM|ENV|RUN|USER|HEALTHCHECK) [^,.;]*[^,.; ]")
_WORD = re.compile(r"[a-z0-9/]{4,}|\d{3}")
_SAYS_NOTHING = {
    "that",
    "this",
    "with",
    "from",
    "have",
    "does",
    "into",
    "only",
    "than",
    "more",
    "less",
    "them",
}
_STEM = 5
"""Letters that two forms of a word share: build, builds, building."""


def review_lesson(lesson: Lesson) -> tuple[LessonProblem, ...]:
    """Everything that can be told without an engine. Blocking."""
    problems = ProblemList(lesson.folder)
    for hint in lesson.hints:
        _review_hint(hint, problems)
    prose = " ".join(step.prose for step in lesson.steps).lower()
    for check in lesson.checks:
        _review_rule(check, prose, problems)
    text = (lesson.folder / "lesson.md").read_text("utf-8")
    _review_samples(text, problems)
    _review_links(text, lesson.folder, problems)
    return tuple(problems.found)


def _review_hint(hint: Hint, problems: ProblemList) -> None:
    *earlier, change = hint.say
    if not earlier:
        step = "Begin with a nudge: the change comes last."
        problems.add(hint.line, f'The ladder "{hint.id}" has one rung only.', step)
        return
    given = set(_GIVEN_AWAY.findall(change))
    for number, rung in enumerate(earlier, 1):
        for line in sorted(given):
            if line in rung:
                problems.add(
                    hint.line,
                    f'Rung {number} of "{hint.id}" gives the answer away: {line}',
                    "Only the last rung holds the change.",
                )
    if len(set(hint.say)) < len(hint.say):
        problems.add(hint.line, f'Two rungs of "{hint.id}" say the same.')


def _review_rule(check: CheckSpec, prose: str, problems: ProblemList) -> None:
    """A rule counts as stated when the prose shares a word that means something with it."""
    said = {word[:_STEM] for word in _WORD.findall(prose)}
    named = f"{check.title} {check.id.replace('-', ' ')} {' '.join(map(str, check.params.values()))}".lower()
    words = {word[:_STEM] for word in _WORD.findall(named) if word not in _SAYS_NOTHING}
    if words and not words & said:
        problems.add(
            check.line,
            f'The prose never states the rule "{check.title}".',
            "Say it where the checkpoint is described: nothing is graded that was not told.",
        )


def _review_samples(text: str, problems: ProblemList) -> None:
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        found = _SAMPLE.match(line)
        if found is None:
            continue
        if fence:
            fence = "" if line.strip().startswith(fence) else fence
            continue
        fence = found[1]
        words = line.strip().lstrip("`~").split()
        is_device = len(words) == 2 and words[0] == "yaml" and words[1] in DEVICE_NAMES
        if not is_device and found[2] not in INFO_STRINGS:
            step = one_of(tuple(filter(None, INFO_STRINGS)), found[2])
            problems.add(number, f'No sample is called "{found[2]}".', step)


def _review_links(text: str, folder: Path, problems: ProblemList) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        for target in _LINK.findall(line):
            if target.startswith(("https://", "#")):
                continue
            if ":" in target.partition("/")[0] or not (folder / target.partition("#")[0]).exists():
                problems.add(
                    number,
                    f"The link to {target} leads nowhere.",
                    "Link to https://… or to a file of the lesson.",
                )
