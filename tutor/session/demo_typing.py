"""Types in a demo what a learner would: gaps filled, lines ordered, edits on the way to a right answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tutor.core.errors import StorageError
from tutor.core.events import SessionEvent, WorkspaceChanged
from tutor.core.lesson import Build, Change, Edit, Fill, Lay, Order
from tutor.session.demo_edit import edited_text
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from pathlib import Path

    from tutor.session.demo_step import DemoStep
    from tutor.storage.workspace import Workspace


class DemoTyping:
    """Writes the workspace's files. ``file`` names the one on the screen."""

    def __init__(self, files: Workspace, steps: tuple[DemoStep, ...], answer: Path, folder: Path) -> None:
        """``answer`` holds a right answer's files, ``folder`` the lesson's own, its labs among them."""
        self._files = files
        self._folder = folder
        self._steps = steps
        self._answer = answer
        self.file = "Dockerfile"

    def text(self, step: DemoStep | None = None) -> str:
        """The file that a step is about, else the one shown last; empty when there is none."""
        if step is not None and isinstance(step.task, Edit | Order | Fill | Change | Build):
            self.file = step.task.file
        elif step is not None and isinstance(step.task, Lay):
            self.file = self._laid(step.task)
        try:
            return self._files.read_text(self.file)
        except StorageError:
            return ""

    def _laid(self, lab: Lay) -> str:
        """Of the files that a lab lays, the one to show."""
        source = self._folder / lab.source
        names = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
        return "Dockerfile" if "Dockerfile" in names else next(iter(names), self.file)

    async def type(self, index: int) -> SessionEvent:
        """Write what the step asks for.

        Raises:
            StorageError: a file cannot be written.
        """
        task = self._steps[index].task
        assert isinstance(task, Edit | Order | Fill)
        match task:
            case Order():
                text = task.text(task.lines)
            case Fill():
                text = task.filled({i: blank.answers[0] for i, blank in enumerate(task.blanks)})
            case Edit():
                return await asyncio.to_thread(self._edit, index, task)
        await asyncio.to_thread(self._files.write_text, task.file, text)
        return WorkspaceChanged(new_run_id(), (task.file,))

    def _edit(self, index: int, task: Edit) -> SessionEvent:
        right = self._answer / task.file
        changed = [task.file]
        if right.is_file():
            text = edited_text(self.text(), right.read_text("utf-8"), self._share(index, task.file))
            self._files.write_text(task.file, text)
        if not any(isinstance(step.task, Edit) for step in self._steps[index + 1 :]):
            # The last edit of the lesson leads to the whole answer, files of other names too.
            others = [path for path in sorted(self._answer.rglob("*")) if path.is_file() and path != right]
            for path in others:
                name = path.relative_to(self._answer).as_posix()
                self._files.lay_file(name, path.read_bytes(), path.stat().st_mode & 0o777)
                changed.append(name)
        return WorkspaceChanged(new_run_id(), tuple(changed))

    def _share(self, index: int, file: str) -> int:
        """How many changes of this file lead to the next build, this one included."""
        count = 1
        for step in self._steps[index + 1 :]:
            if isinstance(step.task, Build | Lay):
                break
            count += isinstance(step.task, Edit | Order | Fill) and step.task.file == file
        return count
