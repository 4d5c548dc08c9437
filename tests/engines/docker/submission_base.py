"""Images that submissions stand on, made here in the place of the real ones and removed afterwards."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker

GOLANG = "golang:1.21-alpine"
_APK = b"#!/bin/sh\nmkdir -p /etc/ssl/certs && : > /etc/ssl/certs/ca-certificates.crt\n"
_PASSWD = b"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
_ADDUSER = b'#!/bin/sh\nfor name; do :; done\necho "$name:x:1000:1000::/:/bin/sh" >> /etc/passwd\n'
_GROUP = b"root:x:0:\nnonroot:x:65532:\n"
_BOX = (
    "FROM fromscratch-test/busybox:1\n"
    'RUN ["/bin/busybox", "--install", "-s", "/bin"]\n'
    "COPY passwd /etc/passwd\nCOPY group /etc/group\nWORKDIR /home\nWORKDIR /\n"
)
RECIPES = {
    "golang:1.21-alpine3.19": f"FROM {GOLANG}\nCOPY apk /sbin/apk\n",
    "golang:1.21": f"FROM {GOLANG}\n",
    "golang:alpine": f"FROM {GOLANG}\n",
    "alpine:3.19": _BOX + "COPY apk /sbin/apk\nCOPY adduser /usr/sbin/adduser\n",
    "debian:bookworm-slim": _BOX + "COPY apk /usr/bin/apt-get\n",
    "gcr.io/distroless/static-debian12:nonroot": (
        "FROM scratch\nCOPY passwd /etc/passwd\nUSER 65532\nWORKDIR /home/nonroot\n"
    ),
}


@contextmanager
def submission_bases() -> Iterator[None]:
    """Make those that are not there; what was there before stays as it was."""
    client = docker.from_env(timeout=120)
    made = []
    try:
        for tag, recipe in RECIPES.items():
            if not _has(client, tag):
                client.images.build(fileobj=_context(recipe), custom_context=True, tag=tag, rm=True)
                made.append(tag)
        yield
    finally:
        for tag in reversed(made):
            client.api.remove_image(tag, force=True)
        client.close()


def _has(client: Any, tag: str) -> bool:
    try:
        client.api.inspect_image(tag)
    except docker.errors.NotFound:
        return False
    return True


def _context(recipe: str) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in (
            ("Dockerfile", recipe.encode()),
            ("apk", _APK),
            ("passwd", _PASSWD),
            ("group", _GROUP),
            ("adduser", _ADDUSER),
        ):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    out.seek(0)
    return out
