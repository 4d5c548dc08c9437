"""A learner who walks through the course with keys alone, and reads what is visible before each one.

What they know is what the lesson's own file says: the right option, the order, what belongs into a
gap, and for every edit the text that the file is to hold afterwards. All of it is typed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tests.ui.hand import Hand
from tutor.core.exercise import Fill, Order, Quiz
from tutor.core.lesson import Lesson, Predict, Unit
from tutor.session.view import NextKind

if TYPE_CHECKING:
    from pathlib import Path

Change = Callable[[str], str]
"""What an edit makes of the text of a file."""

LIVE_SECONDS = 240.0
"""Patience with a live step: a build on a busy machine, and all trials of the last checkpoint."""

_PRESSES_AT_MOST = 400
_TRIES = 3


def flat(text: str) -> str:
    """Words one space apart: how a text is broken into lines is not what is looked for."""
    return " ".join(text.split())


def plain(text: str) -> str:
    """All words of a screen, frames and scroll bars left out."""
    return flat(text.translate({ord(sign): " " for sign in "│┃▌▎▊║▁▂▃▄▅▆▇"}))


class Learner:
    """Does what NEXT says, one key after the other."""

    def __init__(self, hand: Hand, tell: Callable[[str], None] = lambda _: None) -> None:
        self.hand = hand
        self._tell = tell
        self._edits: Iterator[tuple[str, Change]] = iter(())
        self.story: dict[tuple[str, str], str] = {}
        """Everything that was read, by lesson and title of the step, one space between words."""
        self.looks: dict[tuple[str, str, NextKind], str] = {}
        """What is looked at when NEXT is about something in a step: the digit of a pane."""

    @property
    def lesson(self) -> Lesson:
        """The lesson on the screen."""
        return self.hand.lesson.session.lesson

    @property
    def kind(self) -> NextKind:
        """What NEXT is about."""
        return self.hand.lesson.session.next().kind

    async def walk(self, edits: tuple[tuple[str, Change], ...]) -> None:
        """From the first step of the open lesson until its checkpoint is passed."""
        self._edits = iter(edits)
        for _ in range(_PRESSES_AT_MOST):
            await self.hand.idle()
            await self._see_next()
            await self._read_on()
            place = (self.lesson.slug, self.hand.lesson.session.place.step.title, self.kind)
            if pane := self.looks.pop(place, ""):
                await self.look_further(pane)
            if self.kind in {NextKind.LESSON, NextKind.DONE}:
                assert next(self._edits, None) is None
                return
            await self._step()
        raise AssertionError(f"NEXT leads nowhere:\n{self.hand.text}")

    async def _see_next(self) -> None:
        """NEXT stands on the screen with its whole sentence."""
        label = flat(self.hand.lesson.session.next().label)
        await self.hand.until(lambda: label in flat(self.next_text))

    async def _read_on(self) -> None:
        """What is visible, then the text to its end by its page key, as the sign beside it says."""
        pages = [self._page()]
        self._note(self.hand.text)
        while "▾ PgDn" in self.hand.text:
            await self.hand.press("pagedown")
            pages.append(self._page())
            self._tell(self.hand.text)
        lines = pages[0]
        for page in pages[1:]:
            # Pages overlap by what was left of the one before.
            common = max(n for n in range(len(page) + 1) if lines[len(lines) - n :] == page[:n])
            lines += page[common:]
        self._note("\n".join(lines))

    def _page(self) -> list[str]:
        rows = self.hand.lesson.query_one("#lesson").region
        lines = self.hand.text.split("\n")[rows.y : rows.y + rows.height]
        # The last column is the scroll bar's.
        return [line[: rows.right - 1].rstrip() for line in lines]

    def _note(self, text: str) -> None:
        place = (self.lesson.slug, self.hand.lesson.session.place.step.title)
        self.story[place] = f"{self.story.get(place, '')} {plain(text)}"
        self._tell(text)

    async def look_further(self, pane: str) -> None:
        """Another pane by its digit, read to its end, and back to NEXT."""
        await self.hand.press("escape", pane)
        seen = ""
        while seen != self.hand.text:
            seen = self.hand.text
            self._note(seen)
            await self.hand.press("pagedown")
        await self.hand.press("escape")

    @property
    def next_text(self) -> str:
        """NEXT as it is visible, its key left out."""
        rows = self.hand.lesson.next_line.query_one("#next-label").region
        lines = self.hand.text.split("\n")[rows.y : rows.y + rows.height]
        return " ".join(line[rows.x : rows.x + rows.width] for line in lines)

    async def _step(self) -> None:
        action = self.hand.lesson.session.next()
        match action.predict or action.exercise:
            case Predict() as predict:
                await self._predict(predict)
            case Quiz() as quiz:
                await self._answer(quiz)
            case Order() as order:
                await self._order(order)
            case Fill() as fill:
                await self._fill(fill)
            case _ if action.kind is NextKind.EDIT:
                await self._edit()
            case _:
                await self._go_on()

    async def _go_on(self) -> None:
        """Enter; once more when NEXT stays, as on a machine that is too busy to answer in time."""
        before = self._place
        for _ in range(_TRIES):
            await self.hand.press("enter")
            await self.hand.until(lambda: not self.hand.lesson.work.is_busy, LIVE_SECONDS)
            if "A base image is needed" in self.hand.text:
                self._note(self.hand.text)
                await self._make_stand_in()
            await self.hand.idle()
            if self._place != before:
                return
            self._note(self.hand.text)
        raise AssertionError(f"NEXT stays where it is:\n{self.hand.text}")

    async def _make_stand_in(self) -> None:
        """Past what else is offered, by Tab."""
        for _ in range(3):
            if "stand-in" in str(getattr(self.hand.app.focused, "label", "")):
                break
            await self.hand.press("tab")
        await self.hand.press("enter")
        await self.hand.until(lambda: self.hand.lesson.work.is_busy)
        await self.hand.until(lambda: not self.hand.lesson.work.is_busy, LIVE_SECONDS)

    @property
    def _place(self) -> tuple[object, ...]:
        session = self.hand.lesson.session
        return (session.place.index, session.place.pending(), session.next().label, session.attempts.newest)

    async def _to_question(self) -> None:
        """Enter brings the keys back to it."""
        if not self.hand.lesson.next_line.answer.field.has_focus:
            await self.hand.press("enter")

    async def _predict(self, predict: Predict) -> None:
        before = self._place
        await self._to_question()
        match predict.unit:
            case Unit.YES_NO:
                await self.hand.see("y yes", "n no")
                await self.hand.press("y")
            case Unit.CHOICE:
                await self.hand.see(f"1 {predict.choices[0]}")
                await self.hand.press("1")
            case _:
                await self.hand.see("your guess")
                await self.hand.press("2", "0", "enter")
        await self.hand.see("How sure?")
        await self.hand.press("1")
        await self.hand.until(lambda: self._place != before)

    async def _answer(self, quiz: Quiz) -> None:
        """The first wrong option, what is said to it, then the right one."""
        before = self._place
        await self._to_question()
        for number, option in enumerate(quiz.options, 1):
            await self._see_words(f"{number} {option.say}")
        wrong = next(index for index, option in enumerate(quiz.options) if not option.right)
        right = next(index for index, option in enumerate(quiz.options) if option.right)
        await self.hand.press(str(wrong + 1))
        await self._see_words(quiz.options[wrong].because)
        await self.hand.press(str(right + 1))
        await self.hand.until(lambda: self._place != before)
        await self._see_words(quiz.options[right].because)

    async def _see_words(self, words: str) -> None:
        """These words stand on the screen, on as many lines as it takes."""
        await self.hand.until(lambda: flat(words) in plain(self.hand.text))

    async def _order(self, order: Order) -> None:
        await self.hand.press("enter")
        await self.hand.see("Put in order")
        for line in order.lines:
            for _ in range(20):
                if any("▸" in row and line in row for row in self.hand.text.split("\n")):
                    break
                await self.hand.press("j")
            await self.hand.press("space")
        before = self._place
        await self.hand.press("enter")
        await self.hand.until(lambda: self._place != before)
        await self.hand.see("the file holds it now")

    async def _fill(self, fill: Fill) -> None:
        before = self._place
        await self.hand.press("enter")
        await self.hand.see("Fill in", "[ ? ]")
        for index in fill.sequence:
            await self.hand.see("[ ? ]")
            await self.hand.type(fill.blanks[index].answers[0] + "\n")
        await self.hand.until(lambda: self._place != before)
        await self.hand.see("the file holds it now")

    async def _edit(self) -> None:
        session = self.hand.lesson.session
        asked = session.next().label
        edit = next(self._edits, None)
        assert edit is not None, f"no edit was foreseen for: {asked}\n{self.hand.text}"
        name, change = edit
        before = self._place
        path = session.workspace / name
        await write_by_keys(self.hand, path, change(path.read_text() if path.exists() else ""))
        await self.hand.press("enter")
        await self.hand.until(lambda: self._place != before)


async def write_by_keys(hand: Hand, path: Path, wanted: str) -> None:
    """Into the editor, every line that differs written anew, and out of it."""
    await hand.press("e")
    editor = hand.lesson.bench.editor
    await hand.until(lambda: editor.has_focus)
    now = editor.text.split("\n")
    changes = difflib.SequenceMatcher(None, now, wanted.split("\n"), autojunk=False).get_opcodes()
    # From the last line up: the numbers of the lines above stay what they are.
    for kind, first, last, start, end in reversed(changes):
        if kind == "equal":
            continue
        lines = wanted.split("\n")[start:end]
        if kind == "insert":
            await _go_to_line(hand, max(0, first - 1))
            await hand.press("end")
            if first:
                await hand.type("\n" + "\n".join(lines))
            else:
                await hand.press("home", "home")
                await hand.type("\n".join(lines) + "\n")
            continue
        await _go_to_line(hand, last - 1)
        for _ in range(last - first - 1):
            await hand.press("end", "ctrl+u", "backspace")
        await hand.press("end", "ctrl+u")
        if lines:
            await hand.type("\n".join(lines))
        elif first:
            await hand.press("backspace")
        else:
            await hand.press("delete")
    await hand.press("escape")
    await hand.until(lambda: path.read_text() == wanted)


async def _go_to_line(hand: Hand, row: int) -> None:
    editor = hand.lesson.bench.editor
    step = row - editor.cursor_location[0]
    await hand.press(*["down" if step > 0 else "up"] * abs(step))
    assert editor.cursor_location[0] == row


def replaced(old: str, new: str) -> Change:
    """Some words of the file for others."""

    def change(text: str) -> str:
        assert old in text, (old, text)
        return text.replace(old, new)

    return change


def without(*lines: str) -> Change:
    """The file without these lines."""

    def change(text: str) -> str:
        kept = text.split("\n")
        for line in lines:
            kept.remove(line)
        return "\n".join(kept)

    return change


def then(*changes: Change) -> Change:
    """One change after the other."""

    def change(text: str) -> str:
        for each in changes:
            text = each(text)
        return text

    return change


def whole(text: str) -> Change:
    """The whole file anew."""
    return lambda _: text
