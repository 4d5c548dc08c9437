from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tutor.core.lesson import Build, CheckSpec, Edit, Hint, Lesson, Note, Predict, Step, Unit, image_reference

PREDICT = Predict("size", "How big?", "image.multi.unpacked_bytes", Unit.MEGABYTES)
CHECK = CheckSpec("static", "binary_is_static", "image.multi", "No loader in an empty image.")
HINT = Hint("loader", "evidence.elf.interpreter is set", ("Look at the loader.",))
STEP = Step(
    "one", "One", "Prose.", (Note("Mind this."), PREDICT, Edit("Change it."), Build("multi"), CHECK, HINT)
)
LESSON = Lesson(
    2, "two-stages", "Two stages", "A goal", 20, (), "multi", 8080, None, (), (STEP,), Path("l"), Path("c")
)


def test_next_walks_through_what_is_done_in_the_order_it_is_written() -> None:
    assert STEP.actions == (PREDICT, Edit("Change it."), Build("multi"))


def test_checks_and_hints_of_all_steps_make_those_of_the_lesson() -> None:
    lesson = replace(LESSON, steps=(STEP, replace(STEP, id="two")))
    assert lesson.checks == (CHECK, CHECK)
    assert lesson.hints == (HINT, HINT)


def test_a_lesson_is_named_as_its_folder() -> None:
    assert LESSON.name == "02-two-stages"


def test_images_bear_a_name_that_no_learner_gave() -> None:
    assert LESSON.reference == image_reference("two-stages", "multi") == "fromscratch/two-stages:multi"
