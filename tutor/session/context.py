"""What a build sends: the files of the workspace, with and without .dockerignore."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.core.lesson import Build
    from tutor.session.scene import Scene


@dataclass(frozen=True, slots=True)
class ContextSize:
    """A build context, counted."""

    sent_bytes: int
    sent_files: int
    all_bytes: int
    """As if there were no .dockerignore."""
    all_files: int
    left_out: tuple[str, ...]
    """What .dockerignore keeps away; of a folder only its own name."""


def context_size(folder: Path, dockerfile: Path) -> ContextSize:
    """Count a build context by Docker's rules of .dockerignore. Blocking.

    Raises:
        OSError: the folder cannot be read.
    """
    from tutor.engine.embedded.context import Context
    from tutor.engine.embedded.entry import Kind

    context = Context(folder, dockerfile)
    sent = [entry.size for entry, _ in context.view if entry.kind is Kind.FILE]
    everything = [path.lstat().st_size for path in folder.rglob("*") if path.is_file()]
    return ContextSize(
        sum(sent), len(sent), sum(everything), len(everything), tuple(sorted(context.left_out))
    )


async def measure_context(scene: Scene, action: Build) -> None:
    """Learn how much the build is about to send."""
    folder = scene.files.folder
    try:
        size = await asyncio.to_thread(context_size, folder, folder / action.file)
    except OSError:
        # The build itself tells what is wrong with the folder.
        return
    scene.facts.learn(f"build.{action.tag}.context_bytes", size.sent_bytes)
