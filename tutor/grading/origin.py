"""Which instruction brought a file: read from the history that builders write into an image."""

from __future__ import annotations

import re

from tutor.core.evidence import ImageEvidence

_NOT_RUN = re.compile(
    r"(?:/bin/sh -c )?#\(nop\)"
    r"|(?:ADD|COPY|WORKDIR|ENV|LABEL|USER|EXPOSE|ENTRYPOINT|CMD|ARG|VOLUME|FROM|STOPSIGNAL|HEALTHCHECK)\s",
)


def is_run(created_by: str) -> bool:
    """Whether a history record is that of a RUN.

    BuildKit writes ``RUN /bin/sh -c … # buildkit`` and ``COPY … # buildkit``; the classic builder
    the bare command for RUN and ``/bin/sh -c #(nop) COPY …`` for all else.
    """
    return bool(created_by) and _NOT_RUN.match(created_by) is None


def first_layer(image: ImageEvidence, sha256: str) -> int | None:
    """The oldest layer that holds a program with these bytes, under whatever name."""
    return min((program.layer for program in image.programs if program.sha256 == sha256), default=None)
