"""What an answer's author did by hand in a running container: one file, copied out of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tutor.core.errors import ContainerError
from tutor.core.ports import Engine, RunRequest
from tutor.session.live import start_and_settle


async def fetch_from_image(engine: Engine, reference: str, request: RunRequest, path: str, to: Path) -> bool:
    """Run the image, copy ``path`` out of its container to ``to``; False when that cannot be done.

    An image that is not there, does not start or has no such file is for the checkpoint to judge.

    Raises:
        EngineError: the engine is gone.
        OSError: the file cannot be written.
    """
    from tutor.inspect.content import read_file

    if await engine.images.find(reference) is None:
        return False
    try:
        started = await start_and_settle(engine, request, "/")
    except ContainerError:
        return False
    container = started.container

    def copy() -> bool:
        with engine.runtime.open_export(container.container_id) as archive:
            found = read_file(archive, path)
        if found is not None:
            to.write_bytes(found[0])
        return found is not None

    try:
        return started.state.is_running and await asyncio.to_thread(copy)
    finally:
        await asyncio.shield(engine.runtime.remove(container.container_id))
