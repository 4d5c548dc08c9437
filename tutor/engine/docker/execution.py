"""One command inside a running container."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

from tutor.engine.docker.byte_stream import ArchiveStream
from tutor.engine.docker.connection import Connection

OUTPUT_LIMIT_BYTES = 256 * 1024
"""Output is read this far; then the command is left to itself."""
STILL_WRITING_CODE = 141
"""As a shell calls the end of a command whose reader went away (SIGPIPE)."""
_HEADER_BYTES = 8


def run_command(
    connection: Connection,
    container_id: str,
    argv: tuple[str, ...],
    environ: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Run it and wait for its end. Blocking.

    Returns:
        Its exit code (STILL_WRITING_CODE when it goes on after the limit), and both its streams in one.

    Raises:
        docker.errors.APIError: the engine refuses.
    """
    api = connection.api
    exec_id = str(api.exec_create(container_id, list(argv), environment=dict(environ or {}))["Id"])
    response = connection.open(
        "POST",
        f"/exec/{exec_id}/start",
        headers={"Content-Type": "application/json"},
        data=json.dumps({"Detach": False, "Tty": False}).encode(),
    )
    with ArchiveStream.buffered(response, "running a command in a container") as stream:
        output = read_frames(stream, OUTPUT_LIMIT_BYTES)
    ended = api.exec_inspect(exec_id)
    return STILL_WRITING_CODE if ended.get("Running") else int(ended.get("ExitCode") or 0), output


def read_frames(stream: io.BufferedIOBase, limit: int) -> bytes:
    """The payload of a multiplexed stream: frames with a header of eight bytes that ends in their length."""
    output = bytearray()
    while len(output) < limit:
        header = stream.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            break
        output += stream.read(int.from_bytes(header[4:], "big"))
    return bytes(output[:limit])
