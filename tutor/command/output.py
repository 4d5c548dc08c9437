"""What a command prints, and a reader of it that goes away."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tutor.core.errors import InspectError


@contextmanager
def written() -> Iterator[None]:
    """A reader that has seen enough, as ``head`` has, takes nothing away from the exit code.

    Raises:
        InspectError: what was printed could not be written.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # What is still buffered would fail once more when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise InspectError(f"The answer cannot be written: {error.strerror or error}.") from error
