"""The engine's images: looked up, read, pulled, made, removed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager
from typing import Any, BinaryIO

import docker.auth
import docker.errors
import requests

from tutor.core.base import BasePlan
from tutor.core.errors import BaseImageMissing, ImageNotFound, UsageError
from tutor.core.events import WorkProgressed
from tutor.core.image import ImageSummary
from tutor.core.kit import Kit
from tutor.core.text import clean_line
from tutor.engine.docker import busybox, go_toolchain, stand_in
from tutor.engine.docker.byte_stream import ArchiveStream, ByteStream
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.fault import api_text, no_space, says_no_space, translate
from tutor.engine.docker.image_summary import image_summary
from tutor.engine.docker.ledger import IMAGE, Ledger
from tutor.engine.docker.messages import MessageReader
from tutor.engine.docker.ownership import decode_mark, is_ours
from tutor.engine.docker.pull_tally import PullTally
from tutor.engine.docker.reference import full_reference, split_reference
from tutor.engine.docker.registry import RegistryError, packed_bytes, remote_name
from tutor.engine.docker.removal import inspect_image, remove_image
from tutor.engine.docker.tagging import tag_image
from tutor.engine.docker.untagged import untagged
from tutor.engine.docker.upload import Upload

_PLAN_SECONDS = 3.0


class DockerImageStore:
    """Fills :class:`tutor.core.ports.ImageStore`."""

    def __init__(
        self, connection: Connection, ledger: Ledger, *, containerd_store: bool, kit: Kit | None = None
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._containerd_store = containerd_store
        self._kit = kit

    async def find(self, reference: str) -> ImageSummary | None:
        """The image under this reference or id; None when it is not there."""
        api = self._connection.api
        found, history, listed = await asyncio.gather(
            inspect_image(self._connection, reference),
            self._connection.find(f"looking at {reference}", api.history, reference),
            self._listed_bytes(reference),
        )
        return None if found is None else image_summary(found, history or [], listed)

    def open_archive(self, image_id: str) -> AbstractContextManager[BinaryIO]:
        """The image as ``docker save`` writes it. Blocking; closing it from elsewhere wakes the reader."""
        return self._archive(image_id)

    async def plan_base(self, reference: str) -> BasePlan:
        """How this base could be obtained. Downloads nothing."""
        toolchain = await asyncio.to_thread(go_toolchain.find_toolchain, self._kit)
        fault = go_toolchain.stand_in_fault(reference, toolchain, self._connection.architecture)
        if not fault and not await asyncio.to_thread(busybox.is_obtainable, self._kit):
            fault = busybox.missing_note()
        size: int | None = None
        registry_error = ""
        name = remote_name(reference)
        try:
            async with asyncio.timeout(_PLAN_SECONDS):
                size = await packed_bytes(
                    name, self._connection.architecture, credentials=self._credentials(name.registry)
                )
        except TimeoutError:
            registry_error = f"{name.registry} gives no answer"
        except RegistryError as error:
            registry_error = str(error)
        note = fault or (stand_in.stand_in_note(toolchain) if toolchain else "")
        return BasePlan(reference, size, registry_error, not fault, note, self._kit_bytes(reference))

    def _kit_bytes(self, reference: str) -> int | None:
        image = self._kit.image(reference, self._connection.architecture) if self._kit else None
        return self._kit.archive(image).stat().st_size if self._kit and image else None

    async def pull(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        """Pull a base image. Cancelling it stops the engine's download.

        Raises:
            BaseImageMissing: the registry has no such image, or none answers.
            NoSpaceLeft: the engine's disk is full.
        """
        repository, tag = split_reference(reference)
        headers = {}
        registry, _ = docker.auth.resolve_repository_name(repository)
        header = docker.auth.get_config_header(self._connection.api, registry)
        if header:
            headers["X-Registry-Auth"] = _text(header)

        def start() -> requests.Response:
            return self._connection.open(
                "POST", "/images/create", params={"fromImage": repository, "tag": tag}, headers=headers
            )

        tally, reader = PullTally(), MessageReader()
        label = f"pulling {reference}"
        yield WorkProgressed(run_id, label, 0, None)
        try:
            async with ByteStream(self._connection, label, start) as stream:
                while data := await stream.read():
                    if any([tally.feed(message) for message in reader.feed(data)]):  # noqa: C419 - all are to be fed
                        yield WorkProgressed(run_id, label, tally.current, tally.total)
        except docker.errors.APIError as fault:
            tally.error = api_text(fault)
        for message in reader.close():
            tally.feed(message)
        if tally.error:
            if says_no_space(tally.error):
                raise no_space(tally.error)
            raise BaseImageMissing(f"{reference} could not be pulled: {clean_line(tally.error, 500)}")
        if await inspect_image(self._connection, reference) is None:
            raise BaseImageMissing(f"{reference} could not be pulled: the engine broke off without a word")

    async def make_stand_in(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        """Make the labelled stand-in.

        Raises:
            UsageError: an image of that name is there already.
            BaseImageMissing: it cannot be made here; says what is missing.
        """
        label = f"making a stand-in for {reference}"
        if await inspect_image(self._connection, reference) is not None:
            raise UsageError(f"{reference} is there already; a stand-in never replaces an image")
        toolchain = await asyncio.to_thread(go_toolchain.find_toolchain, self._kit)
        fault = go_toolchain.stand_in_fault(reference, toolchain, self._connection.architecture)
        if fault or toolchain is None:
            raise BaseImageMissing(f"no stand-in can be made: {fault}", where=reference)
        yield WorkProgressed(run_id, label, 0, None)
        try:
            program = await busybox.obtain_busybox(self._kit)
        except (FileNotFoundError, OSError) as missing:
            raise BaseImageMissing(f"no stand-in can be made: {missing}", where=reference) from missing
        total = await asyncio.to_thread(stand_in.estimated_bytes, toolchain, program)
        upload = Upload(self._connection, self._ledger, reference, run_id, label)
        query = [
            ("fromSrc", "-"),
            *(
                ("changes", each)
                for each in stand_in.stand_in_changes(reference, toolchain, self._ledger.home)
            ),
        ]

        def pieces(stopped: Callable[[], bool]) -> Iterator[bytes]:
            return stand_in.stand_in_archive(reference, toolchain, program, stopped)

        async with aclosing(upload.run("/images/create", query, pieces, total)) as progress:
            async for event in progress:
                yield event

    async def load_from_kit(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        """Load the base out of the imported class kit.

        Raises:
            UsageError: an image of that name is there already.
            BaseImageMissing: the kit has not got it.
            KitRefused: its archive is damaged.
        """
        label = f"loading {reference} from the class kit"
        image = self._kit.image(reference, self._connection.architecture) if self._kit else None
        if self._kit is None or image is None:
            raise BaseImageMissing(f"no class kit here holds {reference}", where=reference)
        if await inspect_image(self._connection, reference) is not None:
            raise UsageError(f"{reference} is there already; a class kit never replaces an image")
        archive = self._kit.archive(image)
        yield WorkProgressed(run_id, label, 0, None)

        def pieces(stopped: Callable[[], bool]) -> Iterator[bytes]:
            return untagged(archive, stopped)

        upload = Upload(self._connection, self._ledger, reference, run_id, label)
        query = [("quiet", "1")]
        async with aclosing(upload.run("/images/load", query, pieces, archive.stat().st_size)) as progress:
            async for event in progress:
                yield event

    async def tag(self, image_id: str, reference: str) -> None:
        """Let one of our references name an image, in place of the one it named."""
        await tag_image(self._connection, image_id, reference)

    async def remove(self, reference: str) -> None:
        """Remove an image of ours. An image that is not ours is left alone, silently."""
        found = await inspect_image(self._connection, reference)
        if found is None:
            return
        image_id = str(found["Id"])
        written = [
            entry
            for entry in await self._ledger.entries()
            if entry.kind == IMAGE and entry.object_id == image_id
        ]
        if not written and not is_ours((found.get("Config") or {}).get("Labels"), self._ledger.home):
            return
        references = {name for entry in written for name in decode_mark(entry.detail).references}
        if not await remove_image(self._connection, image_id, references):
            await self._ledger.forget(written)

    @contextmanager
    def _archive(self, image_id: str) -> Iterator[BinaryIO]:
        doing = "reading an image"
        try:
            # Some engines answer 200 and then break off for an image that is not there.
            with contextlib.closing(self._connection.open("GET", f"/images/{image_id}/json")):
                pass
            response = self._connection.open("GET", f"/images/{image_id}/get")
        except docker.errors.NotFound as fault:
            raise ImageNotFound(
                f"the image {image_id[:19]} is not there any more", next_step="Build it again."
            ) from fault
        except (docker.errors.DockerException, OSError) as fault:
            raise translate(fault, doing) from fault
        with ArchiveStream.buffered(response, doing) as stream:
            yield stream

    async def _listed_bytes(self, reference: str) -> int | None:
        """Only the containerd store lists another size than ``inspect`` says."""
        if not self._containerd_store:
            return None
        filters = {} if reference.startswith("sha256:") else {"reference": [reference]}
        rows = await self._connection.call("listing images", self._connection.api.images, filters=filters)
        name = full_reference(reference)
        for row in rows:
            if row["Id"] == reference or name in [full_reference(tag) for tag in row.get("RepoTags") or ()]:
                return int(row["Size"])
        return None

    def _credentials(self, registry: str) -> tuple[str, str] | None:
        name = docker.auth.INDEX_NAME if registry == "registry-1.docker.io" else registry
        try:
            config: dict[str, Any] | None = docker.auth.resolve_authconfig(
                docker.auth.load_config(), registry=name
            )
        except (docker.errors.DockerException, OSError, ValueError):
            return None
        if not config or not config.get("username") or not config.get("password"):
            return None
        return str(config["username"]), str(config["password"])


def _text(header: Any) -> str:
    return header if isinstance(header, str) else bytes(header).decode()
