"""The checkpoint: every verdict with what was expected and seen, and the hints below."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.core.progress import PassState
from tutor.core.verdict import CheckpointReport, Outcome, Verdict
from tutor.session.view import HintView, LessonView
from tutor.ui import present

_STATE_SENTENCE = {
    PassState.OPEN: "Not passed yet.",
    PassState.PASSED: "Passed. The files are as they were graded.",
    PassState.STALE: "Passed. The files were edited since: c grades them as they are now.",
    PassState.WITHDRAWN: "Passed once; the newest attempt failed. The best attempt stays on record.",
    PassState.NOT_VERIFIABLE: "Passed. It cannot be verified now: the engine or the image is gone.",
}


def verdict_content(verdict: Verdict, *, unfolded: bool) -> Content:
    """One verdict: a line when it passed, everything it knows when it did not."""
    style = present.OUTCOME_STYLE[verdict.outcome]
    sign = present.OUTCOME_SIGN[verdict.outcome]
    word = "" if verdict.outcome is Outcome.PASSED else f"  {present.OUTCOME_WORD[verdict.outcome]}"
    parts: list[tuple[str, str] | str] = [
        (f"{sign} ", f"bold {style}"),
        (verdict.title or verdict.check_id, "bold" if unfolded else ""),
        (word, style),
    ]
    if verdict.outcome is Outcome.WAITING and verdict.waits_for:
        parts.append((f" for {', '.join(verdict.waits_for)}", "$quiet"))
    if unfolded:
        for label, value in (
            ("expected", verdict.expected),
            ("actual", verdict.actual),
            ("where", verdict.where),
            ("why", verdict.why),
            ("next", verdict.next_step),
        ):
            if value:
                parts += [(f"\n  {label:>8}  ", "$accent" if label == "next" else "$quiet"), value.strip()]
    return Content.assemble(*parts)


class VerdictCard(Static, can_focus=True):
    """One verdict; Enter, space or a click folds and unfolds it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space,enter", "fold", "Fold", id="fold-verdict", tooltip="Show more or less of it.", show=False
        ),
    ]

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.unfolded = verdict.outcome in {Outcome.FAILED, Outcome.UNKNOWN}
        super().__init__(verdict_content(verdict, unfolded=self.unfolded), markup=False)
        self.add_class(f"-{verdict.outcome.value}")
        self.tooltip = "Click for more or less"

    def action_fold(self) -> None:
        """Show more or less."""
        self.unfolded = not self.unfolded
        self.update(verdict_content(self.verdict, unfolded=self.unfolded))

    def on_click(self, event: events.Click) -> None:
        """A click is as good as Enter."""
        event.stop()
        self.action_fold()


class CheckPane(VerticalScroll):
    """The newest attempt, or the one under way."""

    HELP = """\
    ## Checks

    `c` grades the workspace: build, run, ask, judge. ✓ passed, ✗ failed, ? could not be judged
    (not your fault), · waits for another check. `h` shows the next hint.
    """

    def __init__(self) -> None:
        super().__init__(id="checks")
        self._report: CheckpointReport | None = None
        self._hints: tuple[HintView, ...] = ()
        self._running = False
        self._unfinished = False

    def compose(self) -> ComposeResult:
        """State, verdicts, hints."""
        yield Static(id="check-state", markup=False)
        yield VerticalVerdicts(id="check-verdicts")
        yield Static(id="check-hints", markup=False)

    @property
    def _verdicts(self) -> VerticalVerdicts:
        return self.query_one(VerticalVerdicts)

    async def show(self, view: LessonView) -> None:
        """Show the newest attempt, its state, and the hints so far."""
        if not self._running:
            self._show_state(view)
            if view.report is not self._report or self._unfinished:
                self._report = view.report
                self._unfinished = False
                await self._verdicts.put(view.report.verdicts if view.report else ())
        if view.hints != self._hints:
            grown = len(view.hints) and sum(len(h.rungs) for h in view.hints) > sum(
                len(h.rungs) for h in self._hints
            )
            self._hints = view.hints
            hints = self.query_one("#check-hints", Static)
            hints.update(hints_content(view.hints))
            if grown:
                self.call_after_refresh(hints.scroll_visible, animate=False, top=True)

    def _show_state(self, view: LessonView) -> None:
        report = view.report
        total = len(view.lesson.checks)
        if report is None:
            text = Content.assemble(
                (f"○ {total} checks. ", "bold"),
                ("c builds, runs, asks and judges; nothing is at stake.", "$quiet"),
            )
        else:
            passed = sum(verdict.outcome is Outcome.PASSED for verdict in report.verdicts)
            style = present.state_style(view.pass_state)
            if report.outcome is Outcome.FAILED:
                style = "$error"
            parts: list[tuple[str, str] | str] = [
                (
                    f"{present.OUTCOME_SIGN[report.outcome]} {passed} of {len(report.verdicts)}  ",
                    f"bold {style}",
                ),
                _STATE_SENTENCE[view.pass_state],
                (f"  {report.engine}, {present.duration(report.elapsed_seconds)}", "$quiet"),
            ]
            parts.extend((f"\n  {note}", "$quiet") for note in report.notes)
            text = Content.assemble(*parts)
        self.query_one("#check-state", Static).update(text)

    async def begin(self) -> None:
        """A new attempt begins."""
        self._running = True
        await self._verdicts.put(())
        self.query_one("#check-state", Static).update(Content.styled("● checking …", "$primary"))

    def judging(self, title: str) -> None:
        """A check is being judged."""
        self.query_one("#check-state", Static).update(Content.assemble(("● checking  ", "$primary"), title))

    async def judged(self, verdict: Verdict) -> None:
        """A check has its verdict."""
        await self._verdicts.add(verdict)

    def end(self) -> None:
        """The attempt is over, whichever way."""
        if self._running:
            self._running = False
            # What was judged of an attempt that did not end is not kept.
            self._unfinished = True


def hints_content(hints: tuple[HintView, ...]) -> Content:
    """The ladders, newest first, each rung numbered."""
    blocks: list[Content] = []
    for hint in reversed(hints):
        parts: list[tuple[str, str] | str] = [("Hints", "bold $accent")]
        for number, rung in enumerate(hint.rungs, 1):
            parts += [(f"\n  {number}/{hint.total}  ", "$quiet"), rung.strip()]
        if hint.locked:
            parts.append((f"\n  {hint.locked}", "$quiet"))
        elif len(hint.rungs) < hint.total:
            parts.append(("\n  h shows the next one", "$quiet"))
        blocks.append(Content.assemble(*parts))
    return Content("\n\n").join(blocks)


class VerticalVerdicts(VerticalScroll, can_focus=False):
    """The cards of one attempt."""

    async def put(self, verdicts: tuple[Verdict, ...]) -> None:
        """Show exactly these."""
        await self.remove_children()
        await self.mount(*(VerdictCard(verdict) for verdict in verdicts))

    async def add(self, verdict: Verdict) -> None:
        """Show one more; a check judged again replaces its first verdict."""
        for card in self.query(VerdictCard):
            if card.verdict.check_id == verdict.check_id:
                await card.remove()
        card = VerdictCard(verdict)
        await self.mount(card)
        card.scroll_visible(animate=False)
