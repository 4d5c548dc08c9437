"""What lies around a lesson: the learner's files, the engine, its panes, the way to other lessons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on
from textual.app import SuspendNotSupported

from tutor.core.errors import StorageError
from tutor.session.view import NextKind
from tutor.ui.engine_link import EngineLink
from tutor.ui.leaving import unless_leaving
from tutor.ui.lesson_work import LessonWork
from tutor.ui.message import (
    ComparisonWanted,
    CopyAsked,
    EditorLeft,
    EngineInfoRequested,
    ImageWanted,
    MapRequested,
    PackedSizeAsked,
    PathAsked,
)
from tutor.ui.screens.confirm import YES, ConfirmScreen
from tutor.ui.screens.error import ErrorScreen
from tutor.ui.screens.lesson_frame import LessonFrame
from tutor.ui.workspace_file import DOCKERFILE, WorkspaceFile, find_editor

if TYPE_CHECKING:
    from tutor.session.course import CourseSession
    from tutor.session.lesson import LessonSession


class LessonDesk(LessonFrame):
    """Opens, saves, watches and resets; finds the engine; does what panes wish for; leads to the map."""

    def __init__(self, course: CourseSession, session: LessonSession) -> None:
        super().__init__(course, session)
        self.engine_was_found = False
        self._asked_file = DOCKERFILE

    async def on_mount(self) -> None:
        """The lesson first; the engine is looked for once it can be read."""
        self.work = LessonWork(self, self.session)
        with unless_leaving(self.tutor):
            self.file = WorkspaceFile(self.session, self.bench.editor)
            self.link = EngineLink(self, self.course)
            self.fit()
            self.link.show()
            self.guarded(self.file.open)
            await self.refresh_view()
            self.call_after_refresh(self._begin_background)

    async def _begin_background(self) -> None:
        with unless_leaving(self.tutor):
            self.tutor.first_picture_stands()
            self.refresh_rows()
            await self.bench.complete()
            await self.refresh_view()
            self.focus_question()
            self._begin_work()

    def _begin_work(self) -> None:
        self.link.begin()
        self.run_worker(
            self.file.watch(self._file_changed),
            group="watch",
            exit_on_error=False,
            name="watch the workspace",
        )

    async def refresh_view(self) -> None:
        """Show the lesson as it is now."""
        view = self.session.view()
        await self.show_view(view)
        if view.next.file != self._asked_file:
            # Only when NEXT goes over to another file: one that the learner opened stays otherwise.
            self._asked_file = view.next.file
            self.open_file(view.next.file)

    def open_file(self, name: str) -> None:
        """Show another file of the workspace in the editor; what was typed is saved first."""
        if name != self.file.name and self.save():
            self.guarded(lambda: self.file.open(name))

    def show_sizes(self) -> None:
        """Show the sizes measured so far."""
        self.show_size_rows(self.session.view())

    # The engine.

    def engine_found(self) -> None:
        """Measure the images that are there already."""
        self.engine_was_found = True
        self.work.begin_quietly("Measuring images", self.session.sizes.refresh)

    def action_connect(self) -> None:
        """Look for an engine again."""
        self.link.begin()

    @on(EngineInfoRequested)
    def action_engine_info(self) -> None:
        """What is known of the engine."""
        self.link.tell()

    # Files.

    def guarded(self, do: Callable[[], object]) -> bool:
        """Do something with files; an error is shown, and the answer is False."""
        try:
            do()
        except StorageError as error:
            # Leaving the editor saves, and so does what then takes the keys: it is told once.
            if not isinstance(self.app.screen, ErrorScreen):
                self.app.push_screen(ErrorScreen("Your files", error))
            return False
        return True

    def save(self) -> bool:
        """Save what was typed; False when that did not work, which the learner was told."""
        return self.guarded(self.file.save)

    def reload_editor(self) -> None:
        """The tutor itself wrote files of the workspace, the Dockerfile mostly."""
        if self.guarded(self.file.replace):
            self.open_file(DOCKERFILE)

    async def _file_changed(self) -> None:
        def reload() -> None:
            if self.file.reload():
                self.say(
                    f"{self.file.name} was changed outside; here it is. Ctrl+Z in the editor takes it back."
                )

        self.guarded(reload)
        if not self.work.is_busy:
            await self.refresh_view()

    @on(EditorLeft)
    async def leave_editor(self, event: EditorLeft) -> None:
        """Leaving the editor saves."""
        saved = self.save()
        if event.by_key:
            self.next_line.focus()
            if saved:
                # What was said before, such as that nothing had changed yet, is over.
                self.say("")
        await self.refresh_view()

    def action_edit(self) -> None:
        """Into the editor, with the file that NEXT asks for."""
        following = self.session.next()
        if following.kind is NextKind.EDIT:
            self.open_file(following.file)
        if self.is_compact:
            self.bench.pane = "file"
        self.bench.editor.focus()

    def action_choose_file(self) -> None:
        """Another file of the workspace into the editor."""
        from tutor.ui.screens.file_choice import FileChoiceScreen

        def chosen(name: str | None) -> None:
            if name:
                self.open_file(name)
                self.bench.pane = "file" if self.is_compact else self.bench.pane
                self.bench.editor.focus()

        names: list[str] = []
        if self.guarded(lambda: names.extend(self.session.file_names())):
            self.app.push_screen(FileChoiceScreen(names, self.file.name), chosen)

    def action_external_editor(self) -> None:
        """Into the learner's own editor."""
        command = find_editor()
        if not command:
            self.say(
                "No other editor was found. Set EDITOR to one, or press e for the editor here.", "warning"
            )
        elif self.work.is_busy:
            self.say(f"Still busy: {self.work.name.lower()}. Esc stops it.", "warning")
        else:
            try:
                self.guarded(lambda: self.file.edit_outside(self.app, command))
            except SuspendNotSupported:
                self.say("A browser cannot be lent to another editor. e opens the one here.", "warning")
                return
            self.guarded(self.file.reload)

    def action_take_other(self) -> None:
        """The Dockerfile as another program wrote it."""
        self.bench.editor.action_take_other()

    async def action_undo_lab(self) -> None:
        """Put back what the last lab replaced."""
        if not self.session.view().can_undo_lay:
            self.say("There is nothing to put back.")
            return
        if self.save() and self.guarded(self.session.undo_lay):
            self.reload_editor()
            self.say("Your files from before the lab are back.")
            await self.refresh_view()

    def action_reset(self) -> None:
        """Begin the lesson anew, once the learner agreed."""
        self.app.push_screen(
            ConfirmScreen(
                "Reset this lesson?",
                "Workspace and steps begin anew. Your files are kept aside; attempts and passes stay.",
                yes="Reset",
            ),
            self._reset,
        )

    async def _reset(self, answer: str | None) -> None:
        if answer != YES:
            return
        await self.work.settle()
        # Into a folder that is gone nothing can be saved; what was typed is one undo away then.
        is_gone = not self.session.workspace.is_dir()
        if (is_gone or self.save()) and self.guarded(self.session.reset):
            self.guarded(self.file.replace if is_gone else self.file.open)
            self.say("The lesson begins anew.")
            await self.refresh_view()
            self.refresh_rows()

    def action_where(self) -> None:
        """Tell and copy the path of the workspace."""
        self.copy(CopyAsked(str(self.session.workspace), "The path of your files"))

    # Elsewhere.

    @on(MapRequested)
    def action_map(self) -> None:
        """All lessons."""
        from tutor.ui.screens.course_map import CourseMapScreen

        def chosen(slug: str | None) -> None:
            if slug and slug != self.session.lesson.slug:
                self.tutor.open_lesson(slug)

        self.app.push_screen(CourseMapScreen(self.course.rows(), self.course.problems), chosen)

    @on(CopyAsked)
    def copy(self, event: CopyAsked) -> None:
        """Text goes to the clipboard by way of the terminal."""
        self.app.copy_to_clipboard(event.text)
        self.say(f"{event.what}, also in the clipboard if your terminal allows it: {event.text}")

    def action_copy_curl(self) -> None:
        """The last request as a curl line."""
        if self.bench.is_complete:
            self.bench.endpoints.action_copy_curl()

    def action_packed(self) -> None:
        """The packed size of the chosen image."""
        if self.bench.is_complete:
            self.bench.pane = "sizes"
            self.bench.sizes.action_measure_packed()

    # What panes wish for.

    @on(PathAsked)
    def ask_path(self, event: PathAsked) -> None:
        """A path was typed."""
        self.work.begin(f"Asking {event.path}", lambda: self.session.probe(event.path))

    @on(PackedSizeAsked)
    def measure_packed(self, event: PackedSizeAsked) -> None:
        """A packed size is wanted."""
        self.work.begin("Packing to measure", lambda: self.session.sizes.packed(event.image_id))

    @on(ImageWanted)
    def open_image(self, event: ImageWanted) -> None:
        """An image is to be opened."""
        self.work.begin(f"Opening {event.row.name}", lambda: self.opening.open(event.row))

    @on(ComparisonWanted)
    def compare_images(self, event: ComparisonWanted) -> None:
        """Two images are to be compared."""
        name = f"Comparing {event.after.name} with {event.before.name}"
        begin = self.work.begin_quietly if event.gives_way else self.work.begin
        begin(name, lambda: self.opening.compare(event.before, event.after))
