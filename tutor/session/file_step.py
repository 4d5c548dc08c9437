"""Steps that change files of the workspace: a lab laid, a line changed, an exercise written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tutor.core.events import CommandShown, SessionEvent, WorkspaceChanged
from tutor.core.lesson import Change, Lay
from tutor.session.next_action import changed_line
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from tutor.session.scene import Scene


async def lay(scene: Scene, action: Lay) -> AsyncGenerator[SessionEvent, None]:
    """Lay the files of a lab over the learner's; these are kept aside."""
    scene.went_well = None
    paths = await asyncio.to_thread(scene.files.lay, scene.lesson.folder / action.source)
    scene.went_well = True
    yield WorkspaceChanged(new_run_id(), paths)


async def change(scene: Scene, action: Change) -> AsyncGenerator[SessionEvent, None]:
    """Append a comment to a file; the old file is kept aside."""
    scene.went_well = None
    run_id = new_run_id()
    text = await asyncio.to_thread(scene.files.read_text, action.file)
    line = changed_line(action.file)
    # A number makes each change one that no build has seen.
    numbered = f"{line} {text.count(line) + 1}"
    yield CommandShown(run_id, f"echo '{numbered}' >> {PurePosixPath(action.file)}")
    changed = f"{text.rstrip()}\n{numbered}\n"
    await asyncio.to_thread(scene.files.lay_file, action.file, changed.encode("utf-8"))
    scene.went_well = True
    yield WorkspaceChanged(run_id, (action.file,))
