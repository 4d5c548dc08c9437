"""Giving an engine a base image from here: made or loaded, journalled, and only then named."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import docker.errors
import requests

from tutor.core.errors import EngineError, KitRefused, UsageError
from tutor.core.events import WorkProgressed
from tutor.core.text import clean_line
from tutor.engine.docker.byte_stream import ByteStream
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.fault import no_space, says_no_space, translate
from tutor.engine.docker.ledger import IMAGE, Ledger
from tutor.engine.docker.messages import MessageReader
from tutor.engine.docker.ownership import Mark, this_process
from tutor.engine.docker.reference import full_reference, split_reference
from tutor.engine.docker.removal import inspect_image, remove_image

Pieces = Callable[[Callable[[], bool]], Iterator[bytes]]
"""Makes what is sent, and asks between its pieces whether it is still wanted."""

_LOADED = "Loaded image ID: "
"""What the engine says of an archive that names nothing."""


class Upload:
    """One base image on its way to the engine."""

    def __init__(
        self, connection: Connection, ledger: Ledger, reference: str, run_id: str, label: str
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._reference = reference
        self._run_id = run_id
        self._label = label
        self._fault: KitRefused | None = None

    async def run(
        self, path: str, query: list[tuple[str, str]], pieces: Pieces, total: int
    ) -> AsyncGenerator[WorkProgressed, None]:
        """Send it, write it down and name it. Cancelled or failed, it leaves nothing.

        Raises:
            UsageError: an image of that name appeared meanwhile.
            KitRefused: what was to be sent is no image.
            EngineError: the engine refused it, or broke off.
        """
        sent = 0

        def counted() -> Iterator[bytes]:
            nonlocal sent
            try:
                for piece in pieces(lambda: stream.closed):
                    sent += len(piece)
                    yield piece
            except KitRefused as fault:
                # The upload's thread knows faults of files; this one is told below.
                self._fault = fault
                raise OSError(fault.what) from fault

        def start() -> requests.Response:
            return self._connection.open(
                "POST", path, params=query, headers={"Content-Type": "application/x-tar"}, data=counted()
            )

        image_id, tagged = "", False
        known = await self._known_ids()
        try:
            stream = ByteStream(self._connection, self._label, start)
            async with stream:
                answer = asyncio.create_task(stream.read_all())
                try:
                    while not answer.done():
                        await asyncio.wait({answer}, timeout=0.1)
                        yield WorkProgressed(self._run_id, self._label, min(sent, total), total)
                finally:
                    if not answer.done():
                        stream.close()
                    await asyncio.wait({answer})
                image_id = self._made_id(answer)
            mark = Mark(this_process(), (full_reference(self._reference),))
            await self._ledger.record(self._ledger.entry(IMAGE, image_id, self._run_id, mark))
            if await inspect_image(self._connection, self._reference) is not None:
                raise UsageError(f"{self._reference} appeared meanwhile; it is never replaced")
            repository, tag = split_reference(self._reference)
            await self._connection.call("tagging", self._connection.api.tag, image_id, repository, tag)
            tagged = True
        except docker.errors.APIError as refusal:
            raise translate(refusal, self._label) from refusal
        finally:
            if image_id and not tagged and image_id not in known:
                with contextlib.suppress(EngineError):
                    await asyncio.shield(remove_image(self._connection, image_id, ()))
        yield WorkProgressed(self._run_id, self._label, total, total)

    async def _known_ids(self) -> set[str]:
        rows: list[dict[str, Any]] = await self._connection.call(
            "listing images", self._connection.api.images, all=True
        )
        return {str(row["Id"]) for row in rows}

    def _made_id(self, answer: asyncio.Task[bytes]) -> str:
        if self._fault is not None:
            answer.exception()
            raise self._fault
        reader = MessageReader()
        for message in [*reader.feed(answer.result()), *reader.close()]:
            if message.get("error"):
                text = str(message["error"])
                if says_no_space(text):
                    raise no_space(text)
                raise EngineError(f"the engine refused {self._reference}: {clean_line(text, 500)}")
            made = str(message.get("status", "")) or str(message.get("stream", "")).strip()
            made = made.removeprefix(_LOADED)
            if made.startswith("sha256:"):
                return made
        raise EngineError(f"the engine did not say what it made of {self._reference}")
