from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.session.conftest import World as Lab
from tutor.core.events import BuildFailed, BuildFinished, PredictionCompared, Said, SessionEvent
from tutor.core.image import SizeRole
from tutor.core.lesson import Lay, Predict, Unit
from tutor.session import demo_world, live
from tutor.session.course import CourseSession, Folders
from tutor.session.demo import DemoSession
from tutor.session.demo_edit import edited_text
from tutor.session.demo_step import DemoKind, demo_lesson, demo_steps

RIGHT = """FROM golang:1.21-alpine AS compile
RUN go build
FROM scratch
COPY --from=compile /a /a
ENTRYPOINT ["/a"]
"""


@pytest.fixture
async def demo(world: Lab, tmp_path: Path) -> AsyncIterator[DemoSession]:
    answer = tmp_path / "lessons" / "02-two-stages" / "right" / "other-name"
    answer.mkdir(parents=True)
    (answer / "Dockerfile").write_text(RIGHT)
    lesson = demo_lesson(world.course.lessons[0])
    course = type(world.course)((lesson,))

    async def connect() -> object:
        return world.engine

    session = CourseSession(
        course,
        world.store,
        world.session.clock,
        Folders(tmp_path / "demo", tmp_path / "demo-kept"),
        connect,  # type: ignore[arg-type]  # the fake fills every port
    )
    await session.connect()
    made = DemoSession(session, lesson, answer)
    await made.begin()
    yield made
    await made.close()


async def told(source: AsyncIterator[SessionEvent]) -> list[SessionEvent]:
    return [event async for event in source]


async def walk(demo: DemoSession) -> None:
    while demo.index + 1 < len(demo.steps):
        before = demo.index
        await told(demo.forward())
        assert demo.index == before + 1


def test_each_step_of_a_lesson_is_read_first_and_the_checkpoint_comes_last(world: Lab) -> None:
    kinds = [step.kind for step in demo_steps(world.course.lessons[0])]
    assert kinds == [
        DemoKind.READ, DemoKind.ASK, DemoKind.TYPE, DemoKind.DO, DemoKind.DO, DemoKind.DO,
        DemoKind.READ, DemoKind.DO, DemoKind.DO,
        DemoKind.READ, DemoKind.CHECK,
    ]  # fmt: skip


def test_steps_count_from_one_without_a_gap(world: Lab) -> None:
    steps = demo_steps(world.course.lessons[0])
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))


def test_two_edits_lead_to_the_answer_place_by_place_and_keep_the_authors_comments() -> None:
    now = '# begin\nFROM golang\n\n# compile\nRUN go build\n\n# start\nENTRYPOINT ["/app"]\n'
    right = "FROM golang AS builder\nRUN go build\nFROM scratch\nCOPY --from=builder /app /app\n"
    right += 'ENTRYPOINT ["/app"]\n'
    first = edited_text(now, right, 2)
    assert first == now.replace("golang", "golang AS builder")
    assert [line for line in edited_text(first, right).splitlines() if line and line[0] != "#"] == (
        right.splitlines()
    )
    assert "# start\nENTRYPOINT" in edited_text(first, right)


def test_an_edit_of_a_file_that_is_right_changes_nothing() -> None:
    assert edited_text(RIGHT, RIGHT, 3) == RIGHT


async def test_forward_types_the_change_and_runs_what_the_lesson_runs(demo: DemoSession, world: Lab) -> None:
    await told(demo.jump(4))
    assert (demo.workspace / "Dockerfile").read_text() == RIGHT
    assert "build fromscratch/demo-two-stages:multi" in world.engine.asked
    moment = demo.moment(3)
    assert moment is not None
    assert moment.went_well is True
    assert any(isinstance(event, BuildFinished) for event in moment.events)


async def test_a_lab_and_the_question_right_after_it_tell_the_file_it_laid_and_what_it_changed(
    demo: DemoSession,
) -> None:
    (at,) = [i for i, step in enumerate(demo.lesson.steps) if any(isinstance(d, Lay) for d in step.devices)]
    guess = Predict("misspelt", "Will it build?", "build.multi.succeeds", Unit.YES_NO)
    step = demo.lesson.steps[at]
    step = replace(step, devices=(step.devices[0], guess, *step.devices[1:]))
    lesson = replace(demo.lesson, steps=(*demo.lesson.steps[:at], step, *demo.lesson.steps[at + 1 :]))
    asking = DemoSession(demo._course, lesson, demo.workspace)
    await asking.begin()
    lay = next(i for i, step in enumerate(asking.steps) if isinstance(step.task, Lay))
    await told(asking.jump(lay + 3))
    for index in (lay, lay + 1):
        moment = asking.moment(index)
        assert moment is not None
        assert "--from=builder" in moment.before
        assert "--from=biulder" in moment.after
    built = asking.moment(lay + 2)
    assert built is not None
    assert built.before == built.after


async def test_nothing_of_a_demo_bears_the_name_of_anything_of_a_learners(
    demo: DemoSession, world: Lab
) -> None:
    await told(demo.jump(len(demo.steps)))
    named = [reference for reference in world.engine.tags if reference.startswith("fromscratch/")]
    assert named
    assert all(reference.startswith("fromscratch/demo-two-stages:") for reference in named)
    assert world.session.workspace_folder(world.course.lessons[0]) != demo.workspace


async def test_back_to_the_start_and_forward_again_gives_the_same_world_and_builds_nothing(
    demo: DemoSession, world: Lab
) -> None:
    world.engine.script.later_files = [{"a": b"1" * 10}, {"a": b"2" * 20}]
    await walk(demo)
    first = dict(demo.worlds)
    builds = len(world.engine.builds)
    for index in reversed(range(len(demo.steps) - 1)):
        await told(demo.back())
        assert demo.index == index
        assert demo.worlds[index] == await demo._keeper.take()
    assert await told(demo.back()) == []
    assert demo.index == 0
    await walk(demo)
    assert demo.worlds == first
    assert len(world.engine.builds) == builds


async def test_a_step_back_gives_the_tag_its_former_image(demo: DemoSession, world: Lab) -> None:
    world.engine.script.later_files = [{"a": b"1" * 10}, {"a": b"2" * 20}]
    await walk(demo)
    now = world.engine.tags["fromscratch/demo-two-stages:multi"].image_id
    await told(demo.jump(4))
    then = world.engine.tags["fromscratch/demo-two-stages:multi"].image_id
    assert then != now
    moment = demo.moment(3)
    assert moment is not None
    assert [row.image_id for row in moment.sizes if row.role is SizeRole.FINAL] == [then]


async def test_the_container_of_a_step_runs_again_with_its_settings(demo: DemoSession, world: Lab) -> None:
    await told(demo.jump(5))
    address = demo.scene.address
    await told(demo.jump(2))
    assert demo.scene.address == ""
    await demo._keeper.settle()
    assert not world.engine.running
    await told(demo.jump(5))
    assert world.engine.running == {demo.scene.container.container_id}  # type: ignore[union-attr]  # it runs
    assert world.engine.started[-1].port == world.engine.started[0].port
    assert demo.scene.address == address


async def test_a_container_that_runs_again_at_another_port_is_told_with_the_one_that_answers(
    demo: DemoSession, world: Lab
) -> None:
    world.engine.script.host_ports = [32770, 32771, 32772]
    await told(demo.jump(6))
    assert "127.0.0.1:32770" in repr(demo.moment(4))
    for port in (32771, 32772):
        await told(demo.jump(2))
        await told(demo.jump(5))
        assert demo.scene.address == f"127.0.0.1:{port}"
        started = world.engine._count
        await told(demo.forward())
        # The very same container: it is not started once more.
        assert world.engine._count == started
        for index in (4, 5):
            moment = demo.moment(index)
            assert moment is not None
            assert moment.address == f"127.0.0.1:{port}"
            assert f"127.0.0.1:{port}" in repr(moment.events)
            assert f"127.0.0.1:{port - 1}" not in repr(moment)
        assert {exchange.url for exchange in demo.scene.exchanges.values()} == {
            f"http://127.0.0.1:{port}{path}" for path in demo.scene.exchanges
        }
        assert demo.worlds[5] == await demo._keeper.take()


async def test_a_demo_that_is_closed_right_after_a_step_back_leaves_no_container(
    demo: DemoSession, world: Lab
) -> None:
    await told(demo.jump(5))
    await told(demo.back())
    await demo.close()
    assert not world.engine.running


async def test_a_container_that_answered_nobody_is_not_waited_for_again(
    demo: DemoSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def start_and_settle(*words: Any, patience_seconds: float) -> object:
        waits.append(patience_seconds)
        return await live.start_and_settle(*words, patience_seconds=patience_seconds)

    monkeypatch.setattr(demo_world, "start_and_settle", start_and_settle)
    await told(demo.jump(5))
    running = demo.worlds[4].running
    assert running is not None
    assert running.answers
    for answers in (True, False):
        await told(demo.jump(2))
        demo.worlds[4] = replace(demo.worlds[4], running=replace(running, answers=answers))
        await told(demo.jump(5))
    assert waits == [demo_world.SETTLE_SECONDS, 0.0]


async def test_what_runs_again_is_the_image_of_that_step_though_its_tag_moved_on(
    demo: DemoSession, world: Lab
) -> None:
    world.engine.script.later_files = [{"a": b"1" * 10}, {"a": b"2" * 20}]
    await told(demo.jump(5))
    then = world.engine.tags["fromscratch/demo-two-stages:multi"].image_id
    await told(demo.jump(9))
    assert world.engine.tags["fromscratch/demo-two-stages:multi"].image_id != then
    await told(demo.jump(2))
    await told(demo.jump(5))
    assert world.engine.started[-1].image == then


async def test_an_edit_from_outside_makes_what_follows_run_anew(demo: DemoSession, world: Lab) -> None:
    await told(demo.jump(4))
    await told(demo.jump(3))
    (demo.workspace / "Dockerfile").write_text(RIGHT + "# mine\n")
    events = await told(demo.forward())
    assert any(isinstance(event, Said) and "Dockerfile" in event.text for event in events)
    assert len(world.engine.builds) == 2
    assert (demo.workspace / "Dockerfile").read_text().endswith("# mine\n")


def edited_said(events: list[SessionEvent]) -> list[str]:
    return [e.text for e in events if isinstance(e, Said) and e.text.startswith("Edited from outside")]


async def test_back_tells_of_an_edit_from_outside_keeps_it_aside_and_every_step_has_its_own_files(
    demo: DemoSession, world: Lab
) -> None:
    await told(demo.jump(5))
    worlds = dict(demo.worlds)
    (demo.workspace / "Dockerfile").write_text("# mine\n")
    (said,) = edited_said(await told(demo.back()))
    assert "Dockerfile" in said
    (kept,) = [
        each for each in demo.scene.files.kept_folder.glob("*/files/Dockerfile") if str(each.parent) in said
    ]
    assert kept.read_text() == "# mine\n"
    assert demo.worlds == worlds
    assert edited_said(await told(demo.forward())) == []
    assert (demo.workspace / "Dockerfile").read_text() == RIGHT
    assert len(world.engine.builds) == 1


async def test_a_file_that_was_deleted_from_outside_is_there_again_after_back(demo: DemoSession) -> None:
    await told(demo.jump(4))
    (demo.workspace / "Dockerfile").unlink()
    assert "Dockerfile" in edited_said(await told(demo.back()))[0]
    assert (demo.workspace / "Dockerfile").read_text() == RIGHT
    await told(demo.forward())
    assert (demo.workspace / "Dockerfile").read_text() == RIGHT


async def test_a_step_from_which_an_edit_was_gone_on_with_has_its_own_files_after_back(
    demo: DemoSession,
) -> None:
    await told(demo.jump(3))
    (demo.workspace / "Dockerfile").write_text(RIGHT + "# mine\n")
    assert edited_said(await told(demo.forward()))
    await told(demo.back())
    assert (demo.workspace / "Dockerfile").read_text() == RIGHT
    await told(demo.forward())
    assert (demo.workspace / "Dockerfile").read_text() == RIGHT + "# mine\n"


async def test_an_edit_outlives_a_step_that_is_stopped_and_is_kept_aside_by_back(demo: DemoSession) -> None:
    await told(demo.jump(3))
    (demo.workspace / "Dockerfile").write_text(RIGHT + "# mine\n")
    source = demo.forward()
    async for event in source:
        if not isinstance(event, Said):
            break
    await source.aclose()
    await demo.restore()
    assert (demo.workspace / "Dockerfile").read_text() == RIGHT + "# mine\n"
    assert edited_said(await told(demo.back()))
    await told(demo.forward())
    assert (demo.workspace / "Dockerfile").read_text() == RIGHT


async def test_a_step_that_is_done_once_more_keeps_an_edit_from_outside_aside(demo: DemoSession) -> None:
    await told(demo.jump(4))
    (demo.workspace / "Dockerfile").write_text("# mine\n")
    assert edited_said(await told(demo.redo()))
    assert (demo.workspace / "Dockerfile").read_text() == RIGHT


async def test_an_image_that_was_removed_from_outside_is_built_again_and_said_so(
    demo: DemoSession, world: Lab
) -> None:
    await told(demo.jump(4))
    await told(demo.jump(2))
    world.engine.tags.clear()
    events = await told(demo.jump(4))
    assert any(isinstance(event, Said) and "removed from outside" in event.text for event in events)
    assert demo.index == 3
    assert world.engine.tags["fromscratch/demo-two-stages:multi"].image_id


async def test_an_image_that_was_removed_from_outside_is_there_again_before_the_next_step_needs_it(
    demo: DemoSession, world: Lab
) -> None:
    await told(demo.jump(4))
    world.engine.tags.clear()
    events = await told(demo.forward())
    assert any(isinstance(event, Said) and "removed from outside" in event.text for event in events)
    assert demo.index == 4
    assert world.engine.running
    assert demo.worlds[4] == await demo._keeper.take()


async def test_a_tag_that_was_taken_away_comes_back_and_nothing_is_built(
    demo: DemoSession, world: Lab
) -> None:
    await told(demo.jump(4))
    image_id = world.engine.tags.pop("fromscratch/demo-two-stages:multi").image_id
    await told(demo.forward())
    assert world.engine.tags["fromscratch/demo-two-stages:multi"].image_id == image_id
    assert len(world.engine.builds) == 1


async def test_a_step_that_is_stopped_in_the_middle_leaves_the_world_of_the_step_before(
    demo: DemoSession, world: Lab
) -> None:
    await told(demo.jump(7))
    source = demo.forward()
    async for _ in source:
        break
    await source.aclose()
    await demo.restore()
    assert demo.index == 6
    assert demo.worlds[6] == await demo._keeper.take()


async def test_a_lab_that_must_fail_and_does_ended_as_meant(demo: DemoSession, world: Lab) -> None:
    await told(demo.jump(8))
    world.engine.script.build_error = "no stage"
    await told(demo.forward())
    failed = demo.moment(8)
    assert failed is not None
    assert failed.went_well is True


async def test_a_lab_that_must_fail_and_does_not_is_told(demo: DemoSession) -> None:
    await told(demo.jump(8))
    events = await told(demo.forward())
    assert isinstance(events[-1], Said)
    moment = demo.moment(8)
    assert moment is not None
    assert moment.went_well is False


async def test_the_classs_prediction_is_laid_beside_the_fact(demo: DemoSession) -> None:
    await told(demo.jump(2))
    assert demo.predict("nine") is not None
    assert demo.predict("9") is None
    events = await told(demo.jump(4))
    compared = [event.prediction for event in events if isinstance(event, PredictionCompared)]
    assert [prediction.predicted for prediction in compared] == ["9"]
    moment = demo.moment(3)
    assert moment is not None
    assert moment.predictions[0].actual


def guesses(demo: DemoSession) -> list[tuple[str, str]]:
    moment = demo.moment(demo.index)
    assert moment is not None
    return [(each.predicted, each.actual) for each in moment.predictions]


async def test_a_new_demo_begins_without_the_guesses_and_facts_of_the_one_before(
    demo: DemoSession, world: Lab, tmp_path: Path
) -> None:
    await told(demo.jump(2))
    demo.predict("9")
    await told(demo.jump(4))
    assert guesses(demo)[0][1]
    # The one before was killed: it could tidy up nothing.
    for fresh in (DemoSession(demo._course, demo.lesson, tmp_path / "answer"), demo):
        fresh.index = 0
        await fresh.begin()
        await told(fresh.jump(2))
        assert guesses(fresh) == []
        assert dict(fresh.scene.facts) == {}


async def test_a_step_back_before_the_measuring_does_not_tell_the_fact(demo: DemoSession) -> None:
    await told(demo.jump(2))
    demo.predict("9")
    await told(demo.jump(4))
    ((_, actual),) = guesses(demo)
    assert actual
    await told(demo.jump(2))
    assert guesses(demo) == [("9", "")]
    await told(demo.jump(1))
    await told(demo.jump(4))
    assert guesses(demo) == [("9", actual)]


@pytest.mark.parametrize("first", ["9", ""])
async def test_a_guess_after_a_step_back_is_laid_beside_the_fact_and_nothing_runs_anew(
    demo: DemoSession, world: Lab, first: str
) -> None:
    await told(demo.jump(2))
    if first:
        demo.predict(first)
    await told(demo.jump(4))
    await told(demo.jump(2))
    assert demo.predict("7") is None
    await told(demo.jump(4))
    ((said, actual),) = guesses(demo)
    assert said == "7"
    assert actual
    moment = demo.moment(3)
    assert moment is not None
    compared = [event.prediction for event in moment.events if isinstance(event, PredictionCompared)]
    assert [(each.predicted, each.actual) for each in compared] == [("7", actual)]
    assert len(world.engine.builds) == 1


async def test_a_missing_base_waits_for_a_second_yes(demo: DemoSession, world: Lab) -> None:
    world.engine.script.missing_bases.add("golang:1.21-alpine")
    await told(demo.jump(3))
    await told(demo.forward())
    assert demo.index == 2
    await told(demo.forward())
    assert demo.index == 3
    assert "stand-in golang:1.21-alpine" in world.engine.asked


async def test_a_step_can_be_done_once_more_live(demo: DemoSession, world: Lab) -> None:
    await told(demo.jump(4))
    await told(demo.redo())
    assert demo.index == 3
    assert len(world.engine.builds) == 2


async def test_a_dockerfile_that_is_gone_comes_back_by_the_way_that_the_demo_names(demo: DemoSession) -> None:
    await told(demo.jump(3))
    (demo.workspace / "Dockerfile").unlink()
    events = await told(demo.forward())
    (failed,) = [event for event in events if isinstance(event, BuildFailed)]
    assert "Go back with ←" in failed.next_step and "press x" in failed.next_step
    assert "palette" not in failed.next_step
    while not (demo.workspace / "Dockerfile").exists():
        assert demo.index > 0
        await told(demo.back())
    await told(demo.redo())
    await told(demo.jump(4))
    moment = demo.moment(3)
    assert moment is not None
    assert moment.went_well is True
