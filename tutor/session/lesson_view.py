"""A lesson at one moment, put together for a screen."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tutor.core.lesson import Fill, Note, Order, Predict, Quiz
from tutor.core.verdict import Prediction
from tutor.session.answer import with_facts
from tutor.session.calibration import Calibration, calibration
from tutor.session.exercise import ExerciseView
from tutor.session.view import LessonView

if TYPE_CHECKING:
    from tutor.session.course import CourseSession
    from tutor.session.lesson import LessonSession


def lesson_view(session: LessonSession, course: CourseSession) -> LessonView:
    """What a screen needs to know, with live values filled in."""
    lesson, place, scene = session.lesson, session.place, session.scene
    step = place.step
    return LessonView(
        lesson=lesson,
        step_index=place.index,
        step_total=len(lesson.steps),
        step_title=step.title,
        prose=with_facts(step.prose, scene.facts),
        notes=_notes(session),
        next=session.next(),
        sizes=course.size_rows(),
        par_bytes=lesson.par_bytes,
        exchanges=tuple(scene.exchanges.values()),
        address=scene.address,
        predictions=_predictions(session),
        calibration=_calibration(course),
        exercises=_exercises(session),
        shown=scene.shown,
        report=session.attempts.newest,
        pass_state=session.pass_state(),
        hints=session.ladders.views(lesson.hints, session.files_sha256),
        can_undo_lay=session.can_undo_lay,
        workspace=str(session.workspace),
    )


def _notes(session: LessonSession) -> tuple[Note, ...]:
    """The remarks up to the first task that is not done: what explains a fact must not come before it."""
    pending = session.place.pending()
    facts = session.scene.facts
    found = []
    for device in session.place.step.devices:
        if pending is not None and device is pending[1]:
            break
        if isinstance(device, Note):
            found.append(dataclasses.replace(device, say=with_facts(device.say, facts)))
    return tuple(found)


def _calibration(course: CourseSession) -> Calibration:
    return calibration(p for lesson in course.lessons for p in course.store.predictions(lesson.slug))


def _predictions(session: LessonSession) -> tuple[Prediction, ...]:
    ids = {device.id for device in session.place.step.devices if isinstance(device, Predict)}
    facts = session.scene.facts
    return tuple(
        dataclasses.replace(prediction, why=with_facts(prediction.why, facts))
        for prediction in session.predictions.of(ids)
    )


def _exercises(session: LessonSession) -> tuple[ExerciseView, ...]:
    """The exercises of the step that were answered, and the one that is open."""
    found = []
    for index, task in enumerate(session.place.step.actions):
        if not isinstance(task, Quiz | Order | Fill):
            continue
        is_done = f"{session.place.step.id}/{index}" in session.place.done
        pending = session.place.pending()
        if is_done or (pending is not None and pending[1] is task):
            found.append(session.exercises.view(task, is_done=is_done))
    return tuple(found)
