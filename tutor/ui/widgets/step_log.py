"""What the steps of a build printed: bounded per step, and the chosen step's lines on screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from textual.widgets import Log

LINES_KEPT = 10_000
"""Per step. A build may print a million lines; what scrolled away that far is not looked at again."""

LINES_A_DRAW = 400
"""Written to the widget at once, every :data:`DRAW_SECONDS`: more would be felt while typing."""

DRAW_SECONDS = 0.05


class StepLines:
    """The last lines of one step."""

    def __init__(self) -> None:
        self.kept: deque[str] = deque(maxlen=LINES_KEPT)
        self.total = 0
        """How many lines there were in all."""

    def add(self, lines: Iterable[str]) -> None:
        """Add lines at the end; the oldest go when there are too many."""
        for line in lines:
            self.kept.append(line)
            self.total += 1

    @property
    def dropped(self) -> int:
        """How many lines are not kept."""
        return self.total - len(self.kept)


class StepLog(Log):
    """The log of one step. Lines wait in a queue and are written a few times a second, never singly.

    It follows the end until the reader scrolls up.
    """

    HELP = """\
    ## Log

    What the chosen step printed. Scroll up to stop following; End follows again.
    """

    def __init__(self) -> None:
        super().__init__(highlight=False, max_lines=LINES_KEPT, auto_scroll=True, id="build-log")
        self._waiting: deque[str] = deque(maxlen=LINES_KEPT)
        self._source: StepLines | None = None
        self._drawing_soon = False

    def show(self, lines: StepLines | None) -> None:
        """Show another step's lines from the start."""
        if lines is self._source:
            return
        self._source = lines
        self.clear()
        self._waiting.clear()
        if lines is not None:
            self._waiting.extend(lines.kept)
        self.scroll_home(animate=False)
        self._draw()

    def follow(self, lines: StepLines, new: tuple[str, ...]) -> None:
        """Lines were added to a step; they are shown when it is the chosen one."""
        if lines is self._source:
            self._waiting.extend(new)
            self._draw_soon()

    def _draw_soon(self) -> None:
        # A timer only while there is something to draw: an idle tutor must not keep a processor awake.
        if self._waiting and not self._drawing_soon:
            self._drawing_soon = True
            self.set_timer(DRAW_SECONDS, self._draw, name="step log")

    def _draw(self) -> None:
        self._drawing_soon = False
        if not self._waiting:
            return
        count = min(len(self._waiting), LINES_A_DRAW)
        self.write_lines([self._waiting.popleft() or " " for _ in range(count)])
        self._draw_soon()
