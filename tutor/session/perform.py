"""Each action of a lesson and the generator that does it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from tutor.core.lesson import (
    Build,
    BuildTwice,
    Change,
    Exec,
    Expectation,
    Fetch,
    Lay,
    Probe,
    Run,
    RunHealthcheck,
    Show,
    Stop,
)

if TYPE_CHECKING:
    from tutor.core.events import SessionEvent
    from tutor.core.lesson import Do
    from tutor.session.scene import Scene


def perform(scene: Scene, do: Do) -> AsyncGenerator[SessionEvent, None] | None:
    """What does this action; None for an edit, which only the learner can do."""
    # A lesson can be read before any of these is needed.
    from tutor.session import action, file_step, inside, show, twice

    match do:
        case Build():
            return action.build(scene, do)
        case Run():
            return action.run(scene, do)
        case Probe():
            return action.probe(scene, do.paths)
        case Exec():
            return inside.execute(scene, do)
        case Fetch():
            return inside.fetch(scene, do)
        case Stop():
            return inside.stop(scene, do)
        case RunHealthcheck():
            return inside.run_healthcheck(scene, do)
        case Show():
            return show.show(scene, do)
        case BuildTwice():
            return twice.build_twice(scene, do)
        case Lay():
            return file_step.lay(scene, do)
        case Change():
            return file_step.change(scene, do)
        case _:
            return None


def expectation(do: Do) -> Expectation:
    """How an action is meant to end."""
    if isinstance(do, Build | Run | Probe | Exec | Fetch | Stop | RunHealthcheck):
        return do.expect
    return Expectation.SUCCESS
