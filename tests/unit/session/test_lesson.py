from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.unit.session.conftest import World
from tutor.core.errors import EngineLost
from tutor.core.events import (
    BaseNeeded,
    BaseObtained,
    BuildFailed,
    BuildFinished,
    CheckpointFinished,
    ContainerExited,
    ContainerStarted,
    EndpointProbed,
    ImageMeasured,
    LogLines,
    PredictionCompared,
    Said,
    WorkspaceChanged,
)
from tutor.core.progress import PassState
from tutor.core.verdict import Outcome
from tutor.session.lesson import LessonSession
from tutor.session.view import NextKind
from tutor.storage.database import SqliteProgressStore
from tutor.storage.token import learner_token


async def opened(world: World) -> LessonSession:
    return await world.session.open("two-stages")


async def past_the_questions(world: World) -> LessonSession:
    lesson = await opened(world)
    lesson.questions.skip()
    await world.told(lesson.advance())
    await world.told(lesson.advance())
    assert lesson.view().next.kind is NextKind.BUILD
    return lesson


async def test_next_walks_a_step_from_prediction_to_answers(world: World) -> None:
    lesson = await opened(world)
    assert lesson.view().next.kind is NextKind.PREDICT
    assert lesson.questions.predict("five", 1)
    assert lesson.questions.predict("5", 2) is None
    assert lesson.view().next.kind is NextKind.EDIT
    lesson.save_file(lesson.file_text() + "# mine\n")
    await world.told(lesson.advance())
    events = await world.told(lesson.advance())
    assert any(isinstance(event, BuildFinished) for event in events)
    measured = {event.row.name for event in events if isinstance(event, ImageMeasured)}
    assert measured == {"multi", "builder", "golang:1.21-alpine"}
    [compared] = [event for event in events if isinstance(event, PredictionCompared)]
    assert (compared.prediction.predicted, compared.prediction.actual) == ("5", "4.7")
    events = await world.told(lesson.advance())
    assert any(isinstance(event, ContainerStarted) for event in events)
    assert lesson.view().address == "127.0.0.1:49154"
    events = await world.told(lesson.advance())
    assert [e.exchange.status for e in events if isinstance(e, EndpointProbed)] == [200, 200]
    assert lesson.view().next.kind is NextKind.READ
    await world.told(lesson.advance())
    assert lesson.view().step_title == "A lab"


async def test_an_edit_is_asked_for_once_and_never_a_duty(world: World) -> None:
    lesson = await opened(world)
    lesson.questions.skip()
    [said] = await world.told(lesson.advance())
    assert isinstance(said, Said)
    assert "not changed" in said.text
    assert lesson.view().next.kind is NextKind.EDIT
    await world.told(lesson.advance())
    assert lesson.view().next.kind is NextKind.BUILD


async def test_a_file_changed_by_another_editor_counts_as_the_edit(world: World) -> None:
    lesson = await opened(world)
    lesson.questions.skip()
    (lesson.workspace / "Dockerfile").write_text("FROM scratch\n")
    await world.told(lesson.advance())
    assert lesson.view().next.kind is NextKind.BUILD


async def test_a_failed_build_is_not_done_and_keeps_the_learners_text(world: World) -> None:
    lesson = await past_the_questions(world)
    lesson.save_file("FROM scratch\n# half-way\n")
    world.engine.script.build_error = "it broke"
    events = await world.told(lesson.advance())
    assert any(isinstance(event, BuildFailed) for event in events)
    assert lesson.view().next.kind is NextKind.BUILD
    assert "half-way" in lesson.file_text()


async def test_a_lab_is_laid_fails_as_meant_and_can_be_undone(world: World) -> None:
    lesson = await opened(world)
    lesson.go_to_step(1)
    [changed] = await world.told(lesson.advance())
    assert isinstance(changed, WorkspaceChanged)
    assert "biulder" in lesson.file_text()
    world.engine.script.build_error = "biulder: no such stage"
    await world.told(lesson.advance())
    assert lesson.view().next.kind is NextKind.READ
    assert lesson.view().can_undo_lay
    lesson.undo_lay()
    assert "biulder" not in lesson.file_text()


async def test_a_missing_base_asks_and_goes_on_after_the_choice(world: World) -> None:
    lesson = await past_the_questions(world)
    world.engine.script.missing_bases = {"golang:1.21-alpine"}
    world.engine.tags.clear()
    [needed] = await world.told(lesson.advance())
    assert isinstance(needed, BaseNeeded)
    assert needed.plan.stand_in
    events = await world.told(lesson.sizes.obtain_base(needed.plan.reference, "stand-in"))
    assert isinstance(events[-1], BaseObtained)
    events = await world.told(lesson.advance())
    assert any(isinstance(event, BuildFinished) for event in events)
    marked = {e.row.name: e.row.stand_in for e in events if isinstance(e, ImageMeasured)}
    assert marked == {"multi": True, "builder": True, "golang:1.21-alpine": True}
    events = await world.told(lesson.sizes.refresh())
    assert {e.row.name: e.row.stand_in for e in events if isinstance(e, ImageMeasured)} == marked


async def test_what_stands_on_a_real_base_is_not_marked(world: World) -> None:
    lesson = await past_the_questions(world)
    events = await world.told(lesson.advance())
    marked = {e.row.name: e.row.stand_in for e in events if isinstance(e, ImageMeasured)}
    assert marked == {"multi": False, "builder": False, "golang:1.21-alpine": False}


async def test_a_base_is_measured_at_the_start_only_when_it_was_read_before(world: World) -> None:
    lesson = await past_the_questions(world)
    events = await world.told(lesson.sizes.refresh())
    assert [event for event in events if isinstance(event, ImageMeasured)] == []
    await world.told(lesson.advance())
    events = await world.told(lesson.sizes.refresh())
    assert "golang:1.21-alpine" in {e.row.name for e in events if isinstance(e, ImageMeasured)}


async def test_a_container_that_ends_at_once_is_told_with_the_engines_text(world: World) -> None:
    lesson = await past_the_questions(world)
    await world.told(lesson.advance())
    world.engine.script.exit_error = "exec /a: no such file or directory"
    events = await world.told(lesson.advance())
    [exited] = [event for event in events if isinstance(event, ContainerExited)]
    assert exited.error == "exec /a: no such file or directory"
    assert lesson.view().address == ""
    assert lesson.view().next.kind is NextKind.RUN


async def test_no_answer_says_where_it_listens(world: World) -> None:
    lesson = await past_the_questions(world)
    await world.told(lesson.advance())
    world.engine.script.refuse = "connection refused"
    events = await world.told(lesson.advance())
    said = [event.text for event in events if isinstance(event, Said)]
    assert any("port 9999" in text and "8080" in text for text in said)


async def test_closing_a_build_half_way_leaves_it_undone(world: World) -> None:
    lesson = await past_the_questions(world)
    async with aclosing(lesson.advance()) as events:
        async for event in events:
            if isinstance(event, LogLines):
                break
    assert lesson.view().next.kind is NextKind.BUILD


async def test_cancelling_a_build_reaches_the_engine(world: World) -> None:
    lesson = await past_the_questions(world)
    world.engine.script.hold_build = asyncio.Event()
    task = asyncio.ensure_future(world.told(lesson.advance()))
    await world.engine.script.held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.engine.asked[-1] == "build cancelled"
    assert lesson.view().next.kind is NextKind.BUILD


async def test_an_engine_that_dies_is_an_error_and_nothing_is_done(world: World) -> None:
    lesson = await past_the_questions(world)
    world.engine.script.fault = EngineLost("The engine went away.")
    with pytest.raises(EngineLost):
        await world.told(lesson.advance())
    assert lesson.view().next.kind is NextKind.BUILD


async def test_a_passed_checkpoint_goes_stale_by_an_edit_and_is_withdrawn_by_a_failure(world: World) -> None:
    lesson = await opened(world)
    lesson.go_to_step(2)
    events = await world.told(lesson.advance())
    assert any(isinstance(event, CheckpointFinished) for event in events)
    assert lesson.view().pass_state is PassState.PASSED
    assert lesson.view().next.kind is NextKind.DONE
    lesson.save_file(lesson.file_text() + "# edited\n")
    assert lesson.view().pass_state is PassState.STALE
    world.engine.script.build_error = "it broke"
    await world.told(lesson.check())
    assert lesson.view().pass_state is PassState.WITHDRAWN
    report = lesson.view().report
    assert report is not None
    assert report.outcome is Outcome.FAILED
    best = world.store.best_attempt("two-stages")
    assert best is not None
    assert best.report.outcome is Outcome.PASSED


async def test_an_engine_that_dies_during_a_check_is_unknown_not_failed(world: World) -> None:
    lesson = await opened(world)
    world.engine.script.fault = EngineLost("The engine went away.")
    await world.told(lesson.check())
    report = lesson.view().report
    assert report is not None
    assert report.outcome is Outcome.UNKNOWN
    assert lesson.view().pass_state is PassState.OPEN


async def test_the_checks_container_is_removed(world: World) -> None:
    lesson = await opened(world)
    await world.told(lesson.check())
    assert world.engine.running == set()


async def test_an_image_is_read_once(world: World) -> None:
    lesson = await opened(world)
    await world.told(lesson.check())
    saves = sum(asked.startswith("save") for asked in world.engine.asked)
    await world.told(lesson.check())
    assert sum(asked.startswith("save") for asked in world.engine.asked) == saves > 0


async def test_quitting_and_starting_again_resumes_the_same_step(
    world: World, make_world: Callable[[], World]
) -> None:
    lesson = await past_the_questions(world)
    await world.told(lesson.advance())
    await world.session.close()
    again = make_world()
    await again.session.connect()
    assert again.session.resume_slug() == "two-stages"
    lesson = await again.session.open("two-stages")
    assert lesson.view().next.kind is NextKind.RUN
    [prediction] = lesson.view().predictions
    assert prediction.skipped
    await again.session.close()


async def test_the_last_hint_opens_after_a_change(world: World) -> None:
    lesson = await opened(world)
    views = [lesson.reveal_hint() for _ in range(3)]
    assert [len(view.rungs) for view in views if view] == [1, 2, 2]
    assert views[-1]
    assert views[-1].locked
    lesson.save_file("FROM scratch\n")
    view = lesson.reveal_hint()
    assert view is not None
    assert view.rungs == ("nudge", "where", "the change")


async def test_a_reset_starts_over_and_keeps_attempts(world: World) -> None:
    lesson = await opened(world)
    await world.told(lesson.check())
    lesson.save_file("FROM scratch\n")
    lesson.go_to_step(2)
    lesson.reset()
    assert lesson.view().step_index == 0
    assert "golang" in lesson.file_text()
    assert len(world.store.attempts("two-stages")) == 1


async def test_a_workspace_that_holds_files_is_never_overwritten(world: World, tmp_path: Path) -> None:
    mine = tmp_path / "work" / "02-two-stages" / "Dockerfile"
    mine.parent.mkdir(parents=True)
    mine.write_text("FROM mine\n")
    lesson = await opened(world)
    assert lesson.file_text() == "FROM mine\n"


async def test_without_an_engine_a_lesson_opens_and_says_so_when_asked_to_build(
    make_world: Callable[[], World],
) -> None:
    world = make_world()
    lesson = await world.session.open("two-stages")
    assert lesson.view().next.kind is NextKind.PREDICT
    with pytest.raises(EngineLost):
        await world.told(lesson.build())
    await world.session.close()


async def test_the_course_map_tells_what_is_passed(world: World) -> None:
    lesson = await opened(world)
    await world.told(lesson.check())
    [row] = world.session.rows()
    assert (row.pass_state, row.attempts, row.current) == (PassState.PASSED, 1, True)


async def test_a_lesson_with_a_token_gives_each_learner_another_one_and_the_same_after_a_reset(
    world: World,
) -> None:
    start = world.course.find("two-stages").folder / "start"
    (start / "token.txt").write_text("the-same-for-all\n")
    lesson = await opened(world)
    mine = (lesson.workspace / "token.txt").read_text().strip()
    assert mine == learner_token(world.store) != "the-same-for-all"
    (lesson.workspace / "token.txt").write_text("somebody-elses\n")
    lesson.reset()
    assert (lesson.workspace / "token.txt").read_text().strip() == mine
    other = SqliteProgressStore(world.folder / "another.sqlite3")
    try:
        assert learner_token(other) != mine
    finally:
        other.close()
