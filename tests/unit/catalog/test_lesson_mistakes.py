from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.catalog.conftest import WriteLesson, line_of
from tutor.catalog.course import Course
from tutor.catalog.problem import LessonProblem

ProblemsOf = Callable[..., tuple[LessonProblem, ...]]
Load = Callable[[], Course]

# old text, new text, text of the line to blame, what is said, what to write instead
MISTAKES = [
    ("title: First steps\n", "", "goal: Take", 'lacks the key "title"', "title: …"),
    ("minutes: 5", "minutes: soon", "minutes:", "minutes: expected a whole number, got a text", ""),
    ("minutes: 5", "minutes: 0", "minutes:", ">= 1", ""),
    ("goal: Take them.", "gaol: Take them.", "gaol:", 'no key "gaol"', 'Did you mean "goal"?'),
    ("goal: Take them.", "goal: Take them: all", "goal:", "This is not YAML", "front matter"),
    ("goal: Take them.", "goal: a\ngoal: b", "goal: b", 'The key "goal" is given twice', "front matter"),
    ("tags: [other]", "tags: [other]\nclaims: [15]", "claims:", "<= 14", ""),
    ("kind: warning", "kind: warning\nclaim: 3", "claim: 3", "Only a finer truth", "finer-truth"),
    ("tags: [other]", "tags: [Other]", "---", '"Other" is no tag', "Small letters"),
    ("tags: [other]", "tags: [other]\nneeds: [zeroth]", "---", 'called "zeroth"', ""),
    ("## Do\n", "# Do\n", "# Do", '"# Do" is no step', "##"),
    ("## Read\n", "Before.\n\n## Read\n", "Before.", "before the first step", "##"),
    ("```yaml predict", "```yaml quizz", "```yaml quizz", '"```yaml quizz" names no device', "predict"),
    ("```yaml predict", "```yaml pedict", "pedict", "names no device", 'Did you mean "predict"?'),
    ("```yaml predict", "```predict", "```predict", "```predict is no device block", "```yaml predict"),
    ("ask: How big?", "aks: How big?", "aks:", 'no key "aks"', 'Did you mean "ask"?'),
    ("ask: How big?", "ask: ''", "ask:", "a text that is not empty", ""),
    ("ask: How big?", "ask: 7", "ask:", "expected a text, got a whole number", ""),
    ("ask: How big?", "ask: [a", "measure:", "This is not YAML", "predict block"),
    (
        "measure: image.multi.unpacked_bytes",
        "measure: image.multi.unpacked_byte",
        "measure:",
        'no measure "image.multi.unpacked_byte"',
        'Did you mean "image.TAG.unpacked_bytes"?',
    ),
    (
        "measure: image.multi.unpacked_bytes",
        "measure: image.mutli.unpacked_bytes",
        "```yaml predict",
        'The tag "mutli"',
        'Did you mean "multi"?',
    ),
    (
        "measure: image.multi.unpacked_bytes",
        "measure: endpoint./helth.status",
        "```yaml predict",
        "No step asks /helth",
        'Did you mean "/health"?',
    ),
    (
        "measure: image.multi.unpacked_bytes",
        "measure: image.multi.unpacked_bytes\nunit: yes-no",
        "unit:",
        "not measured in yes-no",
        "MB",
    ),
    ("ask: How big?", "ask: How big?\nchoices: [one]", "choices:", "nothing to choose", "two or more"),
    ("build: {tag: multi}", "bild: {tag: multi}", "bild:", 'called "bild"', 'Did you mean "build"?'),
    ("build: {tag: multi}", "build: multi", "build: multi", "expected a mapping", "tag"),
    ("build: {tag: multi}", "build: {tga: multi}", "tga", 'no key "tga"', 'Did you mean "tag"?'),
    (
        "expect: failure}",
        "expect: failur}",
        "failur}",
        '"failur" is not known',
        'Did you mean "failure"?',
    ),
    ("port: 9000", "port: 90000", "90000", "<= 65535", ""),
    ("build: {tag: other", "build: {tag: orher", "lay:|-1", 'The tag "orher"', 'Did you mean "other"?'),
    ("build: {tag: multi}\n", "", "```yaml do", '"multi" is run before any step builds it', ""),
    ("run: {tag: multi, port: 9000}\n", "", "```yaml do", '"multi" is asked before any step runs it', ""),
    ("paths: [/, /health]", "paths: [health]", "probe:", '"health" is not a path', "begins with /"),
    ("paths: [/, /health]", "paths: []", "probe:", "a list that is not empty", ""),
    ("from: labs/broken", "from: labs/brokn", "lay:|-1", 'no folder "labs/brokn"', '"labs/broken"'),
    ("from: labs/broken", "from: ../other", "lay:", '"../other" leaves its folder', "without .."),
    ("from: labs/broken", "from: /etc", "lay:", '"/etc" leaves its folder', ""),
    ("edit: {say: Mend it}", "edit: {say: Mend it, file: ../x}", "edit:", '"../x" leaves its folder', ""),
    ("check: image_builds", "check: image_build", "id: builds|-1", "no check", '"image_builds"'),
    ("on: image.multi\nwhy: N", "on: image.other\nwhy: N", "id: builds|-1", 'grades "multi"', "image.multi"),
    ("on: image.multi\nwhy: N", "on: picture\nwhy: N", "id: builds|-1", 'on "picture"', "image.TAG"),
    ("on: image.multi\nwhy: N", "on: dockerfile\nwhy: N", "id: builds|-1", 'on "dockerfile"', "image.TAG or"),
    ("on: image.multi\nwhy: N", "on: image\nwhy: N", "id: builds|-1", 'on "image"', "image.TAG"),
    ("{max_bytes: 10}", "{max_byte: 10}", "id: is-small|-1", "max_byte is not taken", ""),
    ("needs: [builds]", "needs: [bulds]", "id: is-small|-1", '"bulds"', 'Did you mean "builds"?'),
    ("id: is-small", "id: builds", "is_smaller_than|-2", 'Two checks have the id "builds"', ""),
    ("why: Small is the point.\n", "", "id: is-small", 'lacks the key "why"', ""),
    ("params: {max_bytes: 10}", "params: 10", "params:", "expected a mapping", ""),
    ("params: {max_bytes: 10}", "max_bytes: 10", "max_bytes:", 'no key "max_bytes"', "params"),
    ("when: check.is-small failed", "when: check.is-smal failed", "```yaml hint", '"is-smal"', "is-small"),
    ("when: check.is-small failed", "when: perhaps", "when:", "not a condition", "always"),
    ("say: [Nudge., The change.]", "say: Nudge.", "say: Nudge", "expected a list, got a text", ""),
    ("say: [Nudge., The change.]", "say: []", "say: []", "a list that is not empty", ""),
    ("say: [Nudge., The change.]", "say: [&a x, *a]", "*a", "aliases are not used", ""),
    ("kind: warning", "kind: warming", "kind:", '"warming"', 'Did you mean "warning"?'),
    (
        "Some *prose*.",
        "- item\n\n  ```yaml note\n  say: x\n  ```\n",
        "```yaml note",
        "inside a list",
        "margin",
    ),
    ("More prose.", "More \x1b[31mprose.", "More", "control character", ""),
]


@pytest.mark.parametrize(("old", "new", "blamed", "said", "instead"), MISTAKES)
def test_mistake_is_told_with_its_line_and_what_to_write(
    problems_of: ProblemsOf, old: str, new: str, blamed: str, said: str, instead: str
) -> None:
    problems = problems_of((old, new))
    text, _, offset = blamed.partition("|")
    line = line_of(text, (old, new)) + int(offset or 0)
    matching = [problem for problem in problems if said in problem.what]
    assert matching, [str(problem) for problem in problems]
    assert instead in matching[0].next_step
    assert matching[0].where == f"lessons/01-first-steps/lesson.md:{line}"


def test_two_steps_of_one_title_are_told(problems_of: ProblemsOf) -> None:
    problems = problems_of(("## Do\n", "## Read\n"))
    assert problems[0].line == line_of("## Do")
    assert problems[0].what == f'Two steps are called "Read"; the other is in line {line_of("## Read")}.'


def test_front_matter_that_is_missing_or_endless_is_told(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(text="## Only a step\n", name="01-a")
    write_lesson(text="---\ntitle: x\n", name="02-b")
    assert [(p.where, p.what) for p in load().problems] == [
        ("lessons/01-a/lesson.md:1", "The front matter is missing."),
        ("lessons/02-b/lesson.md:1", "The front matter does not end."),
    ]


def test_block_that_is_not_closed_is_told(problems_of: ProblemsOf) -> None:
    change = ("say: [Nudge., The change.]\n```\n", "say: [Nudge., The change.]\n")
    problems = problems_of(change)
    assert [p.what for p in problems] == ["The hint block is not closed."]
    assert problems[0].line == line_of("```yaml hint")


def test_lesson_without_steps_or_checks_is_told(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(text="---\ntitle: a\ngoal: b\nminutes: 1\ntag: c\n---\n")
    assert [p.what for p in load().problems] == ["The lesson has no step.", "The lesson has no check."]


def test_several_mistakes_are_told_at_once(problems_of: ProblemsOf) -> None:
    problems = problems_of(("minutes: 5", "minutes: x"), ("ask:", "aks:"), ("kind: warning", "kind: q"))
    assert len({problem.line for problem in problems}) == 3


def test_file_that_is_not_utf_8_is_told_with_its_line(write_lesson: WriteLesson, load: Load) -> None:
    folder = write_lesson()
    (folder / "lesson.md").write_bytes(b"---\ntitle: caf\xe9\n")
    assert load().problems[0].where == "lessons/01-first-steps/lesson.md:2"


def test_folder_without_a_lesson_is_told(write_lesson: WriteLesson, load: Load) -> None:
    (write_lesson() / "lesson.md").unlink()
    assert "No such file" in load().problems[0].what


def test_missing_start_is_told(write_lesson: WriteLesson, load: Load) -> None:
    (write_lesson() / "start" / "Dockerfile").unlink()
    assert load().problems[0].where == "lessons/01-first-steps/start/Dockerfile"


def test_symbolic_links_are_refused_since_they_could_lead_out(
    write_lesson: WriteLesson, load: Load, tmp_path: Path
) -> None:
    folder = write_lesson()
    (folder / "start" / "passwd").symlink_to("/etc/passwd")
    (folder / "labs" / "broken" / "Dockerfile").unlink()
    (folder / "labs" / "broken").rmdir()
    (tmp_path / "outside").mkdir()
    (folder / "labs" / "broken").symlink_to(tmp_path / "outside")
    assert {problem.what for problem in load().problems} == {
        "start/passwd is a symbolic link.",
        '"labs/broken" leads out of the lesson\'s folder.',
    }


def test_folder_to_lay_must_hold_a_file(write_lesson: WriteLesson, load: Load) -> None:
    (write_lesson() / "labs" / "broken" / "Dockerfile").unlink()
    assert load().problems[0].what == 'The folder "labs/broken" holds no file.'
