"""The file in the editor between it and the disk: chosen, saved, watched, and edited elsewhere."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.errors import StorageError

if TYPE_CHECKING:
    from textual.app import App

    from tutor.session.lesson import LessonSession
    from tutor.ui.widgets.dockerfile_editor import DockerfileEditor

DOCKERFILE = "Dockerfile"
KNOWN_EDITORS = ("sensible-editor", "nano", "vim", "vi", "emacs")


def find_editor(environ: dict[str, str] | None = None) -> list[str]:
    """The learner's editor as a command: $VISUAL, $EDITOR, else the first known one; empty when none."""
    environ = dict(os.environ) if environ is None else environ
    for variable in ("VISUAL", "EDITOR"):
        if words := shlex.split(environ.get(variable, "")):
            return words
    return next(([name] for name in KNOWN_EDITORS if shutil.which(name)), [])


class WorkspaceFile:
    """Keeps one editor and one file the same, losing neither version when both changed."""

    def __init__(self, session: LessonSession, editor: DockerfileEditor) -> None:
        self._session = session
        self._editor = editor
        self.name = DOCKERFILE
        """Which file of the workspace the editor shows."""

    @property
    def path(self) -> Path:
        """The file."""
        return self._session.workspace / self.name

    def open(self, name: str | None = None) -> None:
        """Show the file anew, or another one of the workspace.

        Raises:
            StorageError: it cannot be read; the editor then shows what it showed before.
        """
        name = name or self.name
        text = self._session.file_text(name)
        self.name = name
        self._editor.open_text(text, name)

    def _read(self) -> str:
        return self._session.file_text(self.name)

    def save(self) -> bool:
        """Write what was typed; False when there was nothing new.

        Raises:
            StorageError: it cannot be written; the text stays in the editor.
        """
        if not self._editor.is_dirty:
            return False
        self._session.save_file(self._editor.text, self.name)
        self._editor.saved()
        return True

    def reload(self) -> bool:
        """Take over what lies on disk; True when the editor shows something new.

        Raises:
            StorageError: it cannot be read.
        """
        self._session.note_saved()
        return self._editor.take_disk(self._read())

    def replace(self) -> None:
        """Take over what lies on disk in any case; what was typed is one undo away.

        Raises:
            StorageError: it cannot be read.
        """
        self._session.note_saved()
        self._editor.take_disk(self._read())
        if self._editor.has_other_version:
            self._editor.action_take_other()

    def edit_outside(self, app: App[None], command: list[str]) -> int:
        """Run another editor on the file in this terminal and wait for it; its exit code.

        Raises:
            StorageError: the file cannot be saved first, or the editor cannot be started.
        """
        self.save()
        with app.suspend():
            try:
                return subprocess.run([*command, str(self.path)], check=False).returncode
            except OSError as error:
                raise StorageError(
                    f"The editor {command[0]} cannot be started: {error.strerror}.",
                    next_step="Set EDITOR to one that is installed, or press e for the editor here.",
                ) from error

    async def watch(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Call back whenever files of the workspace change, until cancelled."""
        from watchfiles import awatch

        async for _ in awatch(self._session.workspace, step=50, debounce=200):
            await changed()
