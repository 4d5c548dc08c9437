"""The command palette: every action by name, every lesson, every step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from tutor.ui.binding import APP_BINDINGS, EXTRA_COMMANDS, LESSON_BINDINGS

if TYPE_CHECKING:
    from tutor.ui.app import TutorApp
    from tutor.ui.screens.lesson import LessonScreen

Entry = tuple[str, str, IgnoreReturnCallbackType]
_LEFT_OUT = {"page(-1)", "page(1)", "app.command_palette"}


def is_alias(binding: Binding) -> bool:
    """Whether it is only a second key for an action."""
    return (binding.id or "").endswith("-alias")


class ActionProvider(Provider):
    """Actions of the lesson screen and the app."""

    def _entries(self) -> Iterator[Entry]:
        screen = self.screen
        for binding in (*LESSON_BINDINGS, *APP_BINDINGS):
            if isinstance(binding, Binding) and binding.action not in _LEFT_OUT and not is_alias(binding):
                key = binding.key_display or binding.key.partition(",")[0]
                yield (
                    f"{binding.description}  ({key})",
                    binding.tooltip,
                    partial(screen.run_action, binding.action),
                )
        for command in EXTRA_COMMANDS:
            yield command.title, command.help, partial(screen.run_action, command.action)
        app = cast("TutorApp", self.app)
        for lesson in app.session.lessons:
            yield (
                f"Lesson {lesson.number}: {lesson.title}",
                lesson.goal,
                partial(app.open_lesson, lesson.slug),
            )
        session = cast("LessonScreen", screen).session
        for index, step in enumerate(session.lesson.steps):
            yield (
                f"Step {index + 1}: {step.title}",
                "Turn to this step of the lesson",
                partial(screen.run_action, f"go_to_step({index})"),
            )

    async def discover(self) -> Hits:
        """Everything, when nothing is typed yet."""
        for title, tooltip, callback in self._entries():
            yield DiscoveryHit(title, callback, help=tooltip)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for title, tooltip, callback in self._entries():
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), callback, help=tooltip)
