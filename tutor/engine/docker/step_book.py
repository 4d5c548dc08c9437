"""The steps of one build, told once each although the build takes more than one pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tutor.core.events import BuildEvent, LogLines, StepFinished, StepStarted
from tutor.core.text import clean_line
from tutor.engine.log import LineBatch


@dataclass(slots=True)
class _Step:
    line: int | None
    batch: LineBatch
    finished: bool = False
    elapsed_seconds: float = 0.0
    error: str = ""


class StepBook:
    """Turns what builders tell into events. A step that is over is not told again."""

    def __init__(self, run_id: str, monotonic: Callable[[], float]) -> None:
        self._run_id = run_id
        self._monotonic = monotonic
        self._steps: dict[str, _Step] = {}
        self.failed_id: str | None = None
        """The step that failed first."""

    @property
    def failed_line(self) -> int | None:
        """Where that step stands in the Dockerfile."""
        return self._steps[self.failed_id].line if self.failed_id else None

    @property
    def current_ids(self) -> tuple[str, ...]:
        """Steps that have begun and are not over."""
        return tuple(step_id for step_id, step in self._steps.items() if not step.finished)

    def start(
        self, step_id: str, text: str, stage: str, number: int, total: int, line: int | None
    ) -> list[BuildEvent]:
        """A step began."""
        if step_id in self._steps:
            return []
        self._steps[step_id] = _Step(line, LineBatch(self._monotonic))
        return [StepStarted(self._run_id, step_id, clean_line(text, 1000), stage, number, total, line)]

    def log(self, step_id: str, data: bytes) -> list[BuildEvent]:
        """A step printed something."""
        step = self._steps.get(step_id)
        if step is None:
            return []
        return [LogLines(self._run_id, step_id, lines) for lines in step.batch.feed(data) if lines]

    def finish(
        self, step_id: str, elapsed_seconds: float, *, cached: bool, error: str = ""
    ) -> list[BuildEvent]:
        """A step ended; told again when it went on after its end and took noticeably longer."""
        step = self._steps.get(step_id)
        if step is None:
            return []
        if step.finished and not error and (cached or elapsed_seconds - step.elapsed_seconds < 0.05):
            return []
        step.finished, step.elapsed_seconds, step.error = True, elapsed_seconds, error
        if error and self.failed_id is None:
            self.failed_id = step_id
        rest = step.batch.close()
        events: list[BuildEvent] = [LogLines(self._run_id, step_id, rest)] if rest else []
        step.batch = LineBatch(self._monotonic)
        events.append(StepFinished(self._run_id, step_id, elapsed_seconds, cached, error))
        return events

    @property
    def due_in(self) -> float | None:
        """Seconds until :meth:`flush` has something that should not wait longer."""
        waits = [wait for step in self._steps.values() if (wait := step.batch.due_in) is not None]
        return min(waits, default=None)

    def flush(self) -> list[BuildEvent]:
        """Lines that have waited long enough."""
        return [
            LogLines(self._run_id, step_id, lines)
            for step_id, step in self._steps.items()
            if step.batch.due_in == 0.0 and (lines := step.batch.flush())
        ]
