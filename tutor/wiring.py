"""Puts the layers together. Imports of engines and screens wait until they are needed."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tutor.core.clock import SystemClock
from tutor.core.errors import EngineUnavailable, UsageError
from tutor.session.course import CourseSession, Folders

if TYPE_CHECKING:
    from tutor.catalog.course import Course
    from tutor.core.kit import Kit
    from tutor.core.ports import Engine
    from tutor.storage.database import SqliteProgressStore
    from tutor.storage.journal import SqliteJournal
    from tutor.storage.location import Location

EngineChoice = Literal["auto", "docker", "embedded"]
BuilderChoice = Literal["auto", "buildx", "classic"]


@dataclass(slots=True)
class Wiring:
    """Everything one command needs, made when first asked for."""

    engine_choice: EngineChoice = "auto"
    builder_choice: BuilderChoice = "auto"
    lessons_folder: Path | None = None
    """Lessons outside of the package; None for those that come with it."""
    _location: Location | None = None
    _journal: SqliteJournal | None = None
    _store: SqliteProgressStore | None = None
    _course: Course | None = None
    _kit: Kit | None = None
    _kit_sought: bool = False

    @property
    def location(self) -> Location:
        """Where files live."""
        if self._location is None:
            from tutor.storage.location import Location

            self._location = Location.discover(os.environ, Path.home())
        return self._location

    @property
    def scratch_folder(self) -> Path:
        """Copies of folders that are being graded."""
        return self.location.cache_folder / "scratch"

    @property
    def journal(self) -> SqliteJournal:
        """What is ours on engines."""
        if self._journal is None:
            from tutor.storage.journal import SqliteJournal

            self._journal = SqliteJournal(self.location.journal)
        return self._journal

    @property
    def store(self) -> SqliteProgressStore:
        """The learner's progress."""
        if self._store is None:
            from tutor.storage.database import SqliteProgressStore

            self._store = SqliteProgressStore(self.location.database)
        return self._store

    @property
    def kit(self) -> Kit | None:
        """The class kit that was imported here."""
        if not self._kit_sought:
            self._kit_sought = True
            if self.location.kit_folder.exists():
                from tutor.storage.kit_shelf import KitShelf

                self._kit = KitShelf(self.location.kit_folder).current()
        return self._kit

    def forget_kit(self) -> None:
        """Look for a kit anew: one was imported or removed."""
        self._kit, self._kit_sought, self._course = None, False, None

    @property
    def course_folders(self) -> tuple[Path, Path]:
        """Folders of the lessons and of the service: as asked for, a kit's own, or the shipped ones."""
        from tutor.catalog.location import shipped_folders

        lessons, context = shipped_folders()
        if self.lessons_folder is None and self.kit is not None and self.kit.manifest.own_lessons:
            lessons, context = self.kit.lessons, self.kit.service
        return (self.lessons_folder or lessons).resolve(), context

    @property
    def course(self) -> Course:
        """The lessons.

        Raises:
            UsageError: there is none in the folder.
        """
        if self._course is None:
            from tutor.catalog.kept_course import load_kept_course

            lessons, context = self.course_folders
            self._course = load_kept_course(
                lessons, context, self.location.kept_course, lambda: _read_course(lessons, context)
            )
            if not (self._course.lessons or self._course.problems):
                raise UsageError(
                    "There is no lesson in this folder.",
                    where=str(lessons),
                    next_step="A lesson is a folder with a lesson.md in it: fromscratch lesson new NAME.",
                )
        return self._course

    async def docker(self) -> Engine:
        """The Docker engine.

        Raises:
            EngineUnavailable: none answers.
        """
        from tutor.engine.docker.engine import DockerEngine

        return await DockerEngine.connect(
            self.journal,
            SystemClock(),
            environ=os.environ,
            home=Path.home(),
            lock_path=self.location.build_lock,
            builder=self.builder_choice,
            kit=self.kit,
        )

    async def embedded(self) -> Engine:
        """The embedded engine.

        Raises:
            EngineUnavailable: this machine cannot run it.
        """
        from tutor.engine.embedded.engine import EmbeddedEngine

        return await EmbeddedEngine.create(
            self.location.embedded_folder, self.journal, SystemClock(), environ=os.environ, kit=self.kit
        )

    async def engine(self) -> Engine:
        """The engine that was chosen; with ``auto`` Docker, else the embedded one.

        Raises:
            EngineUnavailable: none works.
        """
        if self.engine_choice == "docker":
            return await self.docker()
        if self.engine_choice == "embedded":
            return await self.embedded()
        try:
            return await self.docker()
        except EngineUnavailable as no_docker:
            try:
                return await self.embedded()
            except EngineUnavailable as no_embedded:
                where = "" if sys.platform.startswith("linux") else f"this is {sys.platform}"
                raise EngineUnavailable(
                    f"No engine works here. Docker: {no_docker.what} Embedded: {no_embedded.what}",
                    where=where,
                    next_step=no_docker.next_step or no_embedded.next_step,
                ) from no_docker

    def session(self) -> CourseSession:
        """The course as this learner has it open."""
        folders = Folders(self.location.workspace_folder, self.location.kept_folder)
        return CourseSession(self.course, self.store, SystemClock(), folders, self.engine)

    def close(self) -> None:
        """Close the database files."""
        if self._store is not None:
            self._store.close()
        if self._journal is not None:
            self._journal.close()


def _read_course(lessons: Path, context: Path) -> Course:
    from tutor.catalog.course import load_course
    from tutor.grading.check import known_checks

    return load_course(lessons, context, known_checks())
