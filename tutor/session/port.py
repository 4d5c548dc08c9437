"""Where a service listens, when nobody has said: by EXPOSE first, then by what the container opens."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tutor.core.image import ImageConfig
from tutor.core.ports import RunRequest
from tutor.session.live import Started, start_and_settle

if TYPE_CHECKING:
    from tutor.core.ports import Engine

DEFAULT_PORT = 8080


def exposed_port(config: ImageConfig) -> int | None:
    """The first TCP port that EXPOSE names; None when it names none."""
    for text in config.exposed_ports:
        number, _, protocol = text.partition("/")
        if number.isascii() and number.isdigit() and protocol in ("", "tcp") and 0 < int(number) < 65536:
            return int(number)
    return None


async def start_where_it_listens(
    engine: Engine, request: RunRequest, path: str, config: ImageConfig
) -> Started:
    """Start and settle; when nothing answers where EXPOSE says, ask where the container listens.

    Raises:
        ContainerError: the engine refused to create it.
    """
    request = replace(request, port=exposed_port(config) or DEFAULT_PORT)
    started = await start_and_settle(engine, request, path)
    if started.first_answer is not None or not started.state.is_running:
        return started
    container = started.container
    try:
        listeners = await engine.runtime.listeners(container.container_id)
        open_ports = sorted({each.port for each in listeners or () if not each.is_loopback})
        other = next((port for port in open_ports if port != request.port), None)
        if other is None:
            return started
        if container.isolated:
            container = replace(container, port=other)
            answer = await engine.probe.request(container, path, timeout_seconds=2.0)
            heard = answer if answer.status is not None else None
            return replace(started, container=container, first_answer=heard)
    except BaseException:
        await asyncio.shield(engine.runtime.remove(container.container_id))
        raise
    await engine.runtime.remove(container.container_id)
    return await start_and_settle(engine, replace(request, port=other), path)
