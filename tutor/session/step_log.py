"""What the step said that a build failed at."""

from __future__ import annotations

from collections import deque

from tutor.core.build_event import BuildFailed, LogLines

_LINES_KEPT = 8


class StepLog:
    """The last lines of the step that is running.

    Builders put the cause in a step's log, and may say no more than "exit code: 1" themselves.
    """

    def __init__(self) -> None:
        self._step_id = ""
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)

    def hear(self, event: object) -> None:
        """Keep what an event of the build tells, if it tells anything."""
        if isinstance(event, LogLines):
            if event.step_id != self._step_id:
                self._step_id = event.step_id
                self._lines.clear()
            self._lines.extend(event.lines)

    def error_of(self, event: BuildFailed) -> str:
        """The builder's error, after the last lines of its step where there are any."""
        lines = self._lines if event.step_id in (None, self._step_id) else ()
        return "\n".join([*lines, event.error])
