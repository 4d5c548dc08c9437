"""Ties the demo's screen to the presenter's console: tells it how things stand, and does what it wishes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.clock import SystemClock
from tutor.core.console import ConsoleView, ConsoleWish, WishKind
from tutor.core.errors import StorageError
from tutor.session.console_code import OneTimeCode
from tutor.session.console_link import ConsoleLink
from tutor.session.demo_console import ConsoleStory

if TYPE_CHECKING:
    from tutor.core.ports import Clock
    from tutor.session.demo_moment import Show
    from tutor.ui.screens.demo import DemoScreen


@dataclass(frozen=True, slots=True)
class ConsolePlan:
    """What a demo has to know so that a console can come."""

    pointer: Path
    """The file that a console finds the demo by."""
    machine_seconds: tuple[float, ...] = ()
    """What each step took when it was last rehearsed or recorded."""
    clock: Clock = SystemClock()  # noqa: RUF009 (it holds nothing)


class DemoConsole:
    """One for each demo. Nothing listens before a code is asked for."""

    def __init__(self, plan: ConsolePlan, show: Show, mask: Callable[[str], str]) -> None:
        self._story = ConsoleStory(show, plan.clock, plan.machine_seconds)
        self._code = OneTimeCode(plan.clock)
        self._screen: DemoScreen | None = None
        self._invitation = ""
        self._is_away = False
        self.link = ConsoleLink(
            plan.pointer, self._code, view=self._view, take=self._take, heard=self._heard, mask=mask
        )

    def attach(self, screen: DemoScreen) -> None:
        """The screen that is told of."""
        self._screen = screen

    def changed(self) -> None:
        """Something on the screen is another."""
        if self._screen is not None:
            self._story.times.stand_at(self._screen.standing)
            self.link.changed()

    def invite(self) -> None:
        """Show a fresh code on the screen."""
        if self._screen is not None:
            self._screen.run_worker(self._invite(self._screen), group="console", exit_on_error=False)

    async def _invite(self, screen: DemoScreen) -> None:
        try:
            code = await self.link.invite()
        except StorageError as error:
            screen.say(f"{error.what} {error.next_step}")
            return
        half = len(code) // 2
        self._invitation = (
            f"Console code {code[:half]} {code[half:]}, good for one. "
            "In a second terminal: fromscratch demo --console"
        )
        screen.say(self._invitation, "$accent")

    def given_away(self, shell: Callable[[], None]) -> Callable[[], None]:
        """The same shell, with the console told: while it is open, nothing else is heard or shown."""

        def run() -> None:
            self._is_away = True
            self.link.tell_now()
            try:
                shell()
            finally:
                self._is_away = False
                self.link.changed()

        return run

    async def close(self) -> None:
        """The demo is over."""
        await self.link.close("The demo has ended.")

    # For the link.

    def _view(self) -> ConsoleView:
        screen = self._screen
        assert screen is not None  # a console comes by a code, and the screen shows that
        notice = "" if screen.notice == self._invitation else screen.notice
        return self._story.view(
            screen.show, screen.standing, runs=screen.doing, notice=notice, is_away=self._is_away
        )

    def _take(self, wish: ConsoleWish) -> None:
        if self._screen is not None:
            self._screen.call_later(self._do, self._screen, wish)

    async def _do(self, screen: DemoScreen, wish: ConsoleWish) -> None:
        match wish.kind:
            case WishKind.FORWARD:
                screen.action_forward()
            case WishKind.BACK:
                screen.action_back()
            case WishKind.JUMP:
                screen.go_to(wish.value)
            case WishKind.GUESS:
                await screen.guess(wish.value)
            case WishKind.STOP:
                screen.action_stop()
            case WishKind.FALL_BACK:
                await screen.action_fall_back()
            case WishKind.CLOCK:
                self._story.times.begin()
        self.link.changed()

    def _heard(self, text: str) -> None:
        screen = self._screen
        if screen is not None and (text or screen.notice == self._invitation):
            screen.call_later(screen.say, text)
