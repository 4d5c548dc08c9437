"""One learner, one course, one engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.errors import EngineLost, EngineUnavailable, TutorError, UsageError
from tutor.core.image import SizeRow
from tutor.core.progress import PassState
from tutor.session.lesson import LessonSession
from tutor.session.measure import ImageReader
from tutor.session.passing import pass_state
from tutor.session.recall import ReviewBook
from tutor.session.view import LessonRow

if TYPE_CHECKING:
    from tutor.catalog.course import Course
    from tutor.core.lesson import Lesson
    from tutor.core.ports import Clock, Engine, EngineInfo
    from tutor.core.store import ProgressStore
    from tutor.storage.workspace import Workspace

Connect = Callable[[], Awaitable["Engine"]]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the learner's files live."""

    workspaces: Path
    """Visible; one folder a lesson below it."""
    kept: Path
    """What labs and resets replaced."""


class CourseSession:
    """The whole course as one learner has it open."""

    def __init__(
        self, course: Course, store: ProgressStore, clock: Clock, folders: Folders, connect: Connect
    ) -> None:
        self.course = course
        self.store = store
        self.clock = clock
        self.engine: Engine | None = None
        self.engine_lost = False
        """True once an engine was looked for in vain, or stopped answering."""
        self._folders = folders
        self._connect = connect
        self._reader: ImageReader | None = None
        self._rows: dict[tuple[str, str, str], SizeRow] = {}
        self._open: LessonSession | None = None
        self.reviews = ReviewBook(self)
        """What comes back, and when."""

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """All lessons that could be read, in order."""
        return self.course.lessons

    @property
    def notices(self) -> tuple[str, ...]:
        """What the learner should know of the file that holds their progress."""
        return self.store.notices

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with lessons that could not be read."""
        return tuple(str(problem) for problem in self.course.problems)

    @property
    def engine_info(self) -> EngineInfo | None:
        """Which engine is in use; None until one answered."""
        return self.engine.info if self.engine else None

    async def connect(self) -> EngineInfo:
        """Find an engine and sweep what a dead run left on it.

        Raises:
            EngineUnavailable: none answers.
        """
        try:
            engine = await self._connect()
        except EngineUnavailable:
            self.engine_lost = True
            raise
        previous, self.engine = self.engine, engine
        self.engine_lost = False
        self._reader = None
        if previous is not None and previous is not engine:
            await previous.close()
        await engine.sweep()
        return engine.info

    def require_engine(self) -> Engine:
        """The engine.

        Raises:
            EngineLost: there is none (yet).
        """
        if self.engine is None:
            raise EngineLost(
                "No engine is connected yet.",
                next_step="Wait a moment, or leave and run: fromscratch doctor",
            )
        return self.engine

    def reader(self) -> ImageReader:
        """Reads images of the engine in use."""
        if self._reader is None:
            self._reader = ImageReader(self.require_engine().images, self.store)
        return self._reader

    def rows(self) -> tuple[LessonRow, ...]:
        """The course map."""
        last = self.store.last_lesson()
        due = self.reviews.due_by_lesson()
        return tuple(
            self._row(lesson, current=lesson.slug == last, due=due[lesson.slug]) for lesson in self.lessons
        )

    def _row(self, lesson: Lesson, *, current: bool, due: int) -> LessonRow:
        progress = self.store.lesson_progress(lesson.slug)
        attempts = self.store.attempts(lesson.slug)
        is_open = self._open is not None and self._open.lesson is lesson
        if is_open and self._open is not None:
            state = self._open.pass_state()
        elif attempts:
            sha256 = ""
            with contextlib.suppress(TutorError):
                sha256 = self.workspace(lesson).sha256()
            state = pass_state(tuple(attempt.report for attempt in attempts), sha256)
            if state is PassState.PASSED and self.engine_lost:
                state = PassState.NOT_VERIFIABLE
        else:
            state = PassState.OPEN
        passed = state in {PassState.PASSED, PassState.STALE, PassState.NOT_VERIFIABLE}
        return LessonRow(
            lesson=lesson,
            pass_state=state,
            steps_done=len(lesson.steps) if passed else progress.step,
            step_total=len(lesson.steps),
            seconds_spent=progress.seconds_spent,
            attempts=len(attempts),
            current=current,
            due=due,
        )

    def resume_slug(self) -> str:
        """The lesson to open at start: the one touched last, else the first.

        Raises:
            UsageError: the course has no lesson that could be read.
        """
        last = self.store.last_lesson()
        if any(lesson.slug == last for lesson in self.lessons):
            return str(last)
        if not self.lessons:
            raise UsageError("No lesson could be read.", next_step="\n".join(self.problems))
        return self.lessons[0].slug

    def lesson_after(self, lesson: Lesson) -> Lesson | None:
        """The next lesson, None after the last."""
        index = self.lessons.index(lesson) + 1
        return self.lessons[index] if index < len(self.lessons) else None

    def tour_seen(self) -> bool:
        """Whether the first-run tour was shown."""
        return self.setting("tour") == "seen"

    def mark_tour_seen(self) -> None:
        """Do not show the tour again."""
        self.save_setting("tour", "seen")

    def setting(self, name: str, default: str = "") -> str:
        """A setting of this learner."""
        return self.store.setting(name, default)

    def save_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        self.store.save_setting(name, value)

    async def open(self, slug: str) -> LessonSession:
        """Open a lesson, closing the one that was open. Makes its workspace when it is missing.

        Raises:
            UsageError: there is no such lesson.
            StorageError: the workspace cannot be made or read.
        """
        lesson = self.course.find(slug)
        workspace = self.workspace(lesson)
        # First, so that a lesson that cannot be laid leaves the open one open.
        await asyncio.to_thread(workspace.create, lesson.context, lesson.folder / "start")
        if self._open is not None:
            await self._open.close()
            self._open = None
        self._open = LessonSession(self, lesson, workspace)
        return self._open

    def workspace_folder(self, lesson: Lesson) -> Path:
        """The visible folder of one lesson."""
        return self._folders.workspaces / lesson.name

    def workspace(self, lesson: Lesson) -> Workspace:
        """The files of one lesson."""
        from tutor.storage.token import learner_token
        from tutor.storage.workspace import Workspace

        return Workspace(
            self.workspace_folder(lesson),
            self._folders.kept / lesson.name,
            token=lambda: learner_token(self.store),
        )

    def size_rows(self) -> tuple[SizeRow, ...]:
        """Every image measured so far, in the order of the course."""
        order = {lesson.slug: lesson.number for lesson in self.lessons}
        return tuple(sorted(self._rows.values(), key=lambda row: order.get(row.lesson, 99)))

    def keep_size_row(self, row: SizeRow) -> None:
        """Remember a measured image; a newer one under the same name replaces it."""
        key = (row.lesson, row.role.value, row.name)
        before = self._rows.get(key)
        if before and before.image_id == row.image_id and row.packed_bytes is None:
            return
        self._rows[key] = row

    def put_size_rows_back(self, rows: tuple[SizeRow, ...]) -> None:
        """Know exactly these measured images, as at an earlier moment."""
        self._rows = {(row.lesson, row.role.value, row.name): row for row in rows}

    async def close(self) -> None:
        """Stop what runs and let go of the engine."""
        if self._open is not None:
            with contextlib.suppress(TutorError):
                await self._open.close()
            self._open = None
        if self.engine is not None:
            await self.engine.close()
            self.engine = None
