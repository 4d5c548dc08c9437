"""``show``: measured facts of an image, of its container or of its context, as lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from tutor.core.events import CommandShown, SessionEvent, Shown
from tutor.core.lesson import Show, ShowKind
from tutor.session import table
from tutor.session.context import context_size
from tutor.session.live import read_dockerfile, read_stages
from tutor.session.next_action import show_command
from tutor.session.scene import new_run_id
from tutor.session.table import Table

if TYPE_CHECKING:
    from tutor.core.evidence import ImageEvidence
    from tutor.core.image import ImageSummary
    from tutor.session.scene import Scene

_TITLES = {
    ShowKind.FILES: "Files of {name}",
    ShowKind.CONTAINER: "What a running container of {name} holds besides",
    ShowKind.LOG: "What the container of {name} wrote",
    ShowKind.LAYERS: "Layers of {name}",
    ShowKind.BINARY: "The program of {name}",
    ShowKind.SECTIONS: "Sections of the program of {name}",
    ShowKind.MODULES: "What the program of {name} says of its build",
    ShowKind.SYMBOLS: "Symbols of the program of {name}",
    ShowKind.SURFACE: "What is inside {name}",
    ShowKind.CONFIG: "How {name} starts",
    ShowKind.CONTEXT: "What a build sends",
    ShowKind.COMPARE: "The images of this lesson",
}
_PACKAGE_LISTS = ("lib/apk/db/installed", "var/lib/dpkg/status")


async def show(scene: Scene, action: Show) -> AsyncGenerator[SessionEvent, None]:
    """Gather and show. Goes well unless there is nothing to look at."""
    scene.went_well = None
    run_id = new_run_id()
    yield CommandShown(run_id, show_command(action, scene.reference(action.tag)))
    if action.what in {ShowKind.CONTAINER, ShowKind.LOG}:
        async for reason in scene.running(run_id, action.tag):
            yield reason
            return
    if action.what is ShowKind.LOG:
        assert scene.container is not None
        made = table.log_table(await scene.engine.runtime.logs(scene.container.container_id))
    elif action.what is ShowKind.CONTEXT:
        folder = scene.files.folder
        size = await asyncio.to_thread(context_size, folder, folder / "Dockerfile")
        made = table.context_table(size)
    else:
        read = _Images(scene, run_id)
        tags = scene.lesson.tags if action.what is ShowKind.COMPARE else (action.tag,)
        wanted = [(tag, action.stage) for tag in tags]
        if action.what is ShowKind.SURFACE:
            wanted += [(action.tag, stage) for stage in _kept_stages(scene)]
        for tag, stage in wanted:
            async with aclosing(read.open(tag, stage)) as events:
                async for event in events:
                    yield event
        if not read.found:
            yield scene.say(run_id, await _why_nothing(scene, action))
            return
        made = await read.table(action)
    scene.went_well = True
    name = f"{action.tag}, stage {action.stage}" if action.stage else action.tag
    title = _TITLES[action.what].format(name=name)
    yield scene.show(Shown(run_id, title, made.rows, made.header, made.foot))
    for compared in scene.compare(run_id):
        yield compared


async def _why_nothing(scene: Scene, action: Show) -> str:
    if action.stage and await scene.image(action.tag, "") is not None:
        return (
            f"The image that was built last has no stage {action.stage} of its own. Write the Dockerfile "
            "with its stages, then build again: b."
        )
    return "There is no image to look at yet. Build it first: b."


def _kept_stages(scene: Scene) -> tuple[str, ...]:
    return read_stages(read_dockerfile(scene.files.folder) or "").kept


class _Images:
    """The images that one ``show`` is about, read."""

    def __init__(self, scene: Scene, run_id: str) -> None:
        self._scene = scene
        self._run_id = run_id
        self.found: dict[tuple[str, str], tuple[ImageSummary, ImageEvidence]] = {}

    async def open(self, tag: str, stage: str) -> AsyncGenerator[SessionEvent, None]:
        """Read one image if it is there, telling progress."""
        summary = await self._scene.image(tag, stage)
        if summary is None:
            return
        reader = self._scene.course.reader()
        async with aclosing(reader.read(summary, self._run_id, f"Opening {stage or tag}")) as events:
            async for event in events:
                yield event
        self.found[tag, stage] = (summary, reader.evidence[summary.image_id])

    async def table(self, action: Show) -> Table:
        """What is shown of them."""
        if action.what is ShowKind.COMPARE:
            return table.compare_table([(tag, image) for (tag, _), (_, image) in self.found.items()])
        summary, image = next(iter(self.found.values()))
        match action.what:
            case ShowKind.FILES:
                return table.files_table(image)
            case ShowKind.LAYERS:
                return table.layers_table(image)
            case ShowKind.BINARY:
                return table.binary_table(image)
            case ShowKind.MODULES:
                return table.modules_table(image)
            case ShowKind.CONFIG:
                return table.config_table(image)
            case ShowKind.CONTAINER:
                return await asyncio.to_thread(self._container, image)
            case ShowKind.SURFACE:
                return await asyncio.to_thread(self._surface, action.tag)
            case _:
                program = await asyncio.to_thread(program_bytes, self._scene, summary, image)
                if program is None:
                    return table.binary_table(image)
                is_sections = action.what is ShowKind.SECTIONS
                return await asyncio.to_thread(
                    table.sections_table if is_sections else table.symbols_table, program
                )

    def _container(self, image: ImageEvidence) -> Table:
        from tutor.inspect.content import read_names

        container = self._scene.container
        assert container is not None
        with self._scene.engine.runtime.open_export(container.container_id) as archive:
            return table.container_table(read_names(archive), image)

    def _surface(self, tag: str) -> Table:
        stages = [pair for (_, stage), pair in self.found.items() if stage]
        base = max(stages, key=lambda pair: pair[1].unpacked_bytes, default=None)
        final = self.found.get((tag, ""))
        if final is None:
            assert base is not None
            return table.surface_table(None, base[1], (0, self._packages(base[0])))
        counts = (self._packages(base[0]) if base else 0, self._packages(final[0]))
        return table.surface_table(base[1] if base else None, final[1], counts)

    def _packages(self, summary: ImageSummary) -> int:
        from tutor.inspect.content import read_contents

        with self._scene.engine.images.open_archive(summary.image_id) as archive:
            lists = read_contents(archive, lambda path: path in _PACKAGE_LISTS)
        # The last layer that holds the list has the newest one.
        newest = [contents[-1] for contents in lists.values()]
        return sum(
            line.startswith((b"P:", b"Package:")) for content in newest for line in content.split(b"\n")
        )


def program_bytes(scene: Scene, summary: ImageSummary, image: ImageEvidence) -> bytes | None:
    """The program that an image starts, byte by byte; None when it starts none. Blocking."""
    import hashlib

    from tutor.inspect.content import read_contents

    digests = {program.sha256 for program in image.programs if program.path == image.entrypoint_path}
    if not digests:
        return None
    path = image.entrypoint_path.strip("/")
    with scene.engine.images.open_archive(summary.image_id) as archive:
        contents = read_contents(archive, lambda name: name == path).get(path, ())
    return next((each for each in contents if hashlib.sha256(each).hexdigest() in digests), None)
