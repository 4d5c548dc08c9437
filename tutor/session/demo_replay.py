"""A recording shown like a demo. Runs nothing, changes nothing, and is never graded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from tutor.core.errors import StorageError
from tutor.core.events import Said, SessionEvent
from tutor.session.demo_moment import Moment
from tutor.session.demo_recording import Recording, steps_sha256
from tutor.session.demo_step import DemoStep, demo_steps
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from tutor.core.lesson import Lesson

LONGEST_WAIT_SECONDS = 3.0
"""Between two events, at the recording's own speed: nobody watches a compiler twice."""

_NOT_HERE = "This is a recording: nothing is run or graded."


class ReplaySession:
    """Fills :class:`tutor.session.demo_moment.Show` with what was recorded."""

    is_replay = True

    def __init__(
        self,
        lesson: Lesson,
        recording: Recording,
        *,
        speed: float = 1.0,
        index: int = 0,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """``lesson`` bears its demo's slug; with ``speed`` 0 nothing is waited for.

        Raises:
            StorageError: the recording shows another lesson, or another version of it.
        """
        self.lesson = lesson
        steps = demo_steps(lesson)
        if recording.lesson != lesson.slug or recording.steps_sha256 != steps_sha256(steps):
            name = lesson.slug.removeprefix("demo-")
            raise StorageError(
                f"The recording shows another lesson or another version of it: {recording.lesson}.",
                next_step=f"Make a new one with: fromscratch demo {name} --rehearse",
            )
        self._recording = recording
        self.steps: tuple[DemoStep, ...] = steps
        self._moments = recording.moments[: len(steps)]
        self.index = max(0, min(index, len(self._moments) - 1))
        self._speed = speed
        self._wait = wait

    @property
    def source(self) -> str:
        """When and on which engine it was recorded."""
        return f"the recording of {self._recording.made_at[:16].replace('T', ' ')}, {self._recording.engine}"

    def moment(self, index: int) -> Moment | None:
        """What was shown at a step; None where the recording does not reach."""
        return self._moments[index] if 0 <= index < len(self._moments) else None

    async def forward(self) -> AsyncGenerator[SessionEvent, None]:
        """Play the next step."""
        following = self.moment(self.index + 1)
        if following is None:
            yield Said(new_run_id(), "The recording ends here.")
            return
        before = 0.0
        for at, event in zip(following.at_seconds, following.events, strict=True):
            if self._speed > 0 and at > before:
                await self._wait(min(LONGEST_WAIT_SECONDS, at - before) / self._speed)
            before = at
            yield event
        self.index += 1

    async def back(self) -> AsyncGenerator[SessionEvent, None]:
        """The step before."""
        async with aclosing(self.jump(self.index)) as events:
            async for event in events:
                yield event

    async def jump(self, number: int) -> AsyncGenerator[SessionEvent, None]:
        """To any step, as far as the recording reaches."""
        reached = len(self._moments)
        self.index = max(0, min(number, reached) - 1)
        if number > reached:
            yield Said(new_run_id(), "The recording ends here.")

    async def redo(self) -> AsyncGenerator[SessionEvent, None]:
        """Nothing can be done again in a recording."""
        yield Said(new_run_id(), _NOT_HERE)

    async def restore(self) -> None:
        """There is no world to restore."""

    def predict(self, answer: str) -> str | None:  # noqa: ARG002 (whatever is said)
        """A recording takes no prediction."""
        return _NOT_HERE
