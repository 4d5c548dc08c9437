from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from tests.unit.catalog.conftest import WriteLesson, line_of
from tutor.catalog.course import Course
from tutor.core.lesson import (
    Build,
    CheckSpec,
    Edit,
    Expectation,
    Hint,
    Lay,
    Lesson,
    Note,
    Predict,
    Probe,
    Run,
    Unit,
)

Load = Callable[[], Course]


def only(course: Course) -> Lesson:
    assert course.problems == ()
    return course.lessons[0]


def test_front_matter_and_folder_name_make_the_lesson(
    write_lesson: WriteLesson, load: Load, tmp_path: Path
) -> None:
    folder = write_lesson()
    lesson = only(load())
    assert (lesson.number, lesson.slug, lesson.title) == (1, "first-steps", "First steps")
    assert (lesson.goal, lesson.minutes, lesson.tag) == ("Take them.", 5, "multi")
    assert lesson.tags == ("multi", "other")
    assert lesson.port == 8080
    assert lesson.par_bytes is None
    assert lesson.folder == folder
    assert lesson.context == tmp_path / "service"


def test_each_heading_is_a_step(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson()
    steps = only(load()).steps
    assert [(step.id, step.title) for step in steps] == [
        ("read", "Read"),
        ("do", "Do"),
        ("checkpoint", "Checkpoint"),
    ]
    assert steps[1].line == line_of("## Do")


def test_prose_is_the_markdown_without_the_devices(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson()
    assert only(load()).steps[0].prose == ("Some *prose*.\n\n```dockerfile\nFROM scratch\n```\n\nMore prose.")


def test_plain_yaml_sample_stays_in_the_prose(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(("```dockerfile\nFROM scratch", "```yaml\nkey: value"))
    assert "```yaml\nkey: value\n```" in only(load()).steps[0].prose


def test_devices_stand_in_their_order_with_their_lines(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson()
    lesson = only(load())
    first_do = line_of("```yaml do")
    second_do = line_of("lay:") - 1
    assert lesson.steps[0].devices == (Note("A remark.", "warning", line_of("```yaml note")),)
    assert lesson.steps[1].devices == (
        Predict(
            "do-0",
            "How big?",
            "image.multi.unpacked_bytes",
            Unit.MEGABYTES,
            line=line_of("```yaml predict"),
        ),
        Build("multi", Expectation.SUCCESS, first_do),
        Run("multi", 9000, Expectation.SUCCESS, first_do),
        Probe("multi", ("/", "/health"), Expectation.SUCCESS, first_do),
        Lay("labs/broken", "Lay it", second_do),
        Edit("Mend it", "Dockerfile", second_do),
        Build("other", Expectation.FAILURE, second_do),
    )


def test_checks_and_hints_are_read(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson()
    lesson = only(load())
    assert [check.id for check in lesson.checks] == ["builds", "is-small"]
    assert lesson.checks[1] == CheckSpec(
        id="is-small",
        check="image_is_smaller_than",
        on="image.multi",
        why="Small is the point.",
        title="Is small",
        needs=("builds",),
        params={"max_bytes": 10},
        next_step="Look at the layers.",
        line=line_of("id: is-small") - 1,
    )
    assert lesson.hints == (
        Hint(
            "checkpoint-2",
            "check.is-small failed",
            ("Nudge.", "The change."),
            line_of("```yaml hint"),
        ),
    )


def test_choices_make_a_prediction_a_choice(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(
        ("measure: image.multi.unpacked_bytes", "measure: endpoint./health.status\nchoices: [200, '404']")
    )
    device = only(load()).steps[1].devices[0]
    assert isinstance(device, Predict)
    assert device.unit is Unit.CHOICE
    assert device.choices == ("200", "404")


def test_yes_no_and_on_are_words(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(("ask: How big?", "ask: yes"), ("say: A remark.", "say: 2026-01-01"))
    lesson = only(load())
    predict = lesson.steps[1].devices[0]
    note = lesson.steps[0].devices[0]
    assert isinstance(predict, Predict) and predict.ask == "yes"
    assert isinstance(note, Note) and note.say == "2026-01-01"


def test_carriage_returns_and_a_byte_order_mark_change_nothing(write_lesson: WriteLesson, load: Load) -> None:
    folder = write_lesson()
    before = only(load())
    text = (folder / "lesson.md").read_text()
    (folder / "lesson.md").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert dataclasses.asdict(only(load())) == dataclasses.asdict(before)
