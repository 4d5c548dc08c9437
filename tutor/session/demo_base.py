"""A base image that a demo lacks: offered once, obtained by the next Forward, withdrawn by any other way."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.core.events import BaseNeeded, SessionEvent, WorkProgressed
from tutor.session.live import obtain_base
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from tutor.core.base import BasePlan
    from tutor.core.ports import Engine

_BEGINNING = {"kit": "loading {} from the class kit", "pull": "pulling {}"}


@dataclass(slots=True)
class BaseOffer:
    """What the step that was tried last waits for, if anything."""

    plan: BasePlan | None = None

    @property
    def is_open(self) -> bool:
        """Whether a base is waited for."""
        return self.plan is not None

    def note(self, event: SessionEvent) -> None:
        """Take in what a step tells."""
        if isinstance(event, BaseNeeded):
            self.plan = event.plan

    def withdraw(self) -> None:
        """Nothing is waited for any more."""
        self.plan = None

    async def take(self, engine: Engine) -> AsyncGenerator[SessionEvent, None]:
        """Obtain what was offered, if anything was, and tell so at once."""
        plan, self.plan = self.plan, None
        if plan is None:
            return
        run_id, way = new_run_id(), plan.ways[0]
        # An engine may look for its toolchain for a while before it has a first word to say.
        label = _BEGINNING.get(way, "making a stand-in for {}").format(plan.reference)
        yield WorkProgressed(run_id, label, 0, None)
        async with aclosing(obtain_base(engine, plan.reference, way, run_id)) as obtained:
            async for event in obtained:
                yield event
