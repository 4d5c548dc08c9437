"""One step of a demo as a picture: pure, from values to text with styles."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_uppercase

from textual.content import Content

from tutor.core.lesson import Fill, Lay, Order, Predict, Quiz
from tutor.session.demo_moment import Moment
from tutor.session.demo_step import DemoKind, DemoStep
from tutor.session.exercise import shuffled
from tutor.ui import present
from tutor.ui.demo_story import Story
from tutor.ui.demo_typing import typed


def story_of(moment: Moment, mask: Callable[[str], str]) -> Story:
    """What a moment tells."""
    story = Story(mask)
    for event in moment.events:
        story.tell(event)
    return story


def question(step: DemoStep, moment: Moment) -> Content:
    """A question for the class, with what it said and what was measured."""
    task = step.task
    assert isinstance(task, Predict)
    blocks = [Content.styled(task.ask, "bold")]
    if task.choices:
        blocks.append(Content("     ".join(task.choices)))
    prediction = next((p for p in moment.predictions if p.predict_id == task.id), None)
    if prediction is None or not prediction.predicted:
        blocks.append(Content.styled("What do you think?", "$quiet"))
    else:
        said = present.with_unit(prediction.predicted, prediction.unit)
        blocks.append(Content.assemble(("You say ", "$quiet"), (said, "bold $accent")))
        if prediction.actual:
            blocks.append(Content.assemble(("It is ", "$quiet"), (present.fact(prediction), "bold $success")))
            if task.why:
                blocks.append(Content(task.why))
    return Content("\n\n").join(blocks)


def options(step: DemoStep) -> Content:
    """A quiz; with the right answer and its reason where the step is to show it."""
    task = step.task
    assert isinstance(task, Quiz)
    told = step.kind is DemoKind.ANSWER
    blocks = [Content.styled(task.ask, "bold")]
    for letter, option in zip("ABCD", task.options, strict=False):
        style = "bold $success" if told and option.right else "$quiet" if told else ""
        sign = "✓ " if told and option.right else ""
        line = Content.assemble((f"{letter}  ", "bold $accent"), (f"{sign}{option.say}", style))
        if told and option.right:
            line = Content("\n").join([line, Content(f"   {option.because}")])
        blocks.append(line)
    return Content("\n\n").join(blocks)


def _whole(moment: Moment, mask: Callable[[str], str], letters: int | None = None) -> Content:
    """The file of a moment, what it changed marked; all of it unless ``letters`` are counted."""
    enough = len(moment.after) * 2
    return typed(mask(moment.before), mask(moment.after), enough if letters is None else letters)


def _puzzle(exercise: Order | Fill, mask: Callable[[str], str]) -> Content:
    """The lines to be put in order, each with a letter to call it by, or the text with its gaps."""
    lines = [Content.styled(exercise.ask, "bold"), Content("")]
    match exercise:
        case Order():
            for letter, line in zip(ascii_uppercase, shuffled(exercise), strict=False):
                lines.append(Content.assemble((f"{letter}  ", "bold $accent"), mask(line)))
        case Fill():
            lines += [Content(mask(line)) for line in exercise.filled({}).splitlines()]
    return Content("\n").join(lines)


def picture(
    step: DemoStep, moment: Moment, mask: Callable[[str], str], letters: int | None = None
) -> Content:
    """What stands in the middle of the screen. Prose is Markdown, and not drawn here."""
    match step.kind:
        case DemoKind.ASK:
            blocks = [question(step, moment)]
            if moment.before != moment.after:
                blocks.append(_whole(moment, mask))
            return Content("\n\n").join(blocks)
        case DemoKind.QUIZ | DemoKind.ANSWER:
            return options(step)
        case DemoKind.TYPE:
            return _whole(moment, mask, letters)
        case DemoKind.READ:
            return Content("\n\n").join(_puzzle(exercise, mask) for exercise in step.exercises)
        case DemoKind.CHECK:
            return story_of(moment, mask).verdicts()
        case _ if isinstance(step.task, Lay):
            return _whole(moment, mask)
        case _:
            return story_of(moment, mask).content()


def head(step: DemoStep, mask: Callable[[str], str], command: str = "") -> Content:
    """What happens, in one sentence, and the real command."""
    line = Content.styled(step.say, "bold")
    shown = command or step.command
    if not shown:
        return line
    return Content("\n").join([line, Content.assemble(("$ ", "$quiet"), (mask(shown), "$primary"))])
