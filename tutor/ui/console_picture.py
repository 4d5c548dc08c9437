"""The presenter's console as pictures: pure, from values to text with styles."""

from __future__ import annotations

from textual.content import Content

from tutor.core.console import ConsoleView
from tutor.core.verdict import Prediction
from tutor.ui import present

LATE_SECONDS = 60.0
"""Less than this is as planned: nobody talks by the second."""


def time_line(view: ConsoleView, more_seconds: float = 0.0) -> Content:
    """Spent and planned, for this step and for all, ``more_seconds`` after the view was told."""
    if not view.clock_runs:
        planned = present.clock(view.planned_seconds)
        return Content.styled(
            f"The clock starts with the first step forward; 0 starts it now. Plan {planned}", "$quiet"
        )
    here = view.step
    late = view.late_seconds(more_seconds)
    if late > LATE_SECONDS:
        against = (f"{present.clock(late)} behind", "bold $warning")
    elif late < -LATE_SECONDS:
        against = (f"{present.clock(-late)} ahead", "bold $success")
    else:
        against = ("on time", "bold $success")
    return Content.assemble(
        ("Step ", "$quiet"),
        (present.clock(here.spent_seconds + more_seconds), "bold"),
        (f" of {present.clock(here.planned_seconds)}    All ", "$quiet"),
        (present.clock(view.total_seconds + more_seconds), "bold"),
        (f" of {present.clock(view.planned_seconds)}    ", "$quiet"),
        against,
    )


def now(view: ConsoleView) -> Content:
    """What stands on the demo's screen."""
    step = view.step
    lines = [Content.assemble(("NOW   ", "bold $primary"), (step.heading, "bold $accent"))]
    if step.say != step.heading:
        lines.append(Content.assemble("      ", (step.say, "bold")))
    if view.is_away:
        lines.append(Content.styled("      A shell has the demo's screen.", "$warning"))
    elif view.runs:
        lines.append(Content.assemble(("    ● ", "bold $success"), (view.runs, "$success")))
    elif step.command:
        lines.append(Content.assemble(("    $ ", "$quiet"), (step.command, "$quiet")))
    return Content("\n").join(lines)


def following(view: ConsoleView) -> Content:
    """What Forward will do."""
    step = view.following
    if step is None:
        return Content.assemble(("NEXT  ", "bold $primary"), ("This is the last step.", "$quiet"))
    heading = f"   {step.heading}" if step.heading not in {view.step.heading, step.say} else ""
    line = Content.assemble(
        ("NEXT  ", "bold $primary"),
        (f"{step.number}  ", "$quiet"),
        (step.say, ""),
        (heading, "$quiet"),
        (f"   {present.clock(step.planned_seconds)}", "$quiet"),
    )
    if not step.command:
        return line
    return Content("\n").join([line, Content.assemble(("    $ ", "$quiet"), (step.command, "$quiet"))])


def guesses(view: ConsoleView) -> Content:
    """What the class was asked and said, each beside its fact."""
    lines = [_guess(guess) for guess in view.guesses if guess.predicted]
    if view.question and not any(guess.ask == view.question and guess.predicted for guess in view.guesses):
        options = f"   {'   '.join(view.choices)}" if view.choices else ""
        lines.append(
            Content.assemble(("CLASS ", "bold $primary"), "What do they say? Press g.", (options, "$quiet"))
        )
    return Content("\n").join(lines)


def _guess(guess: Prediction) -> Content:
    said = present.with_unit(guess.predicted, guess.unit)
    known = (present.fact(guess), "bold $success") if guess.actual else ("not measured yet", "$quiet")
    return Content.assemble(
        ("CLASS ", "bold $primary"),
        (f"{guess.ask}  ", "$quiet"),
        (said, "bold $accent"),
        ("  it is ", "$quiet"),
        known,
    )


def notes(view: ConsoleView) -> str:
    """Notes and the lesson's own text, as Markdown."""
    blocks = [f"> **{note.kind.replace('-', ' ')}**  {_quoted(note.text)}" for note in view.notes]
    return "\n\n".join([*blocks, view.prose])


def _quoted(text: str) -> str:
    return text.strip().replace("\n", "\n> ")


def steps(view: ConsoleView, more_seconds: float = 0.0) -> Content:
    """All steps with the time spent on them and planned for them."""
    lines, heading = [], ""
    for at, step in enumerate(view.steps):
        if step.heading != heading:
            heading = step.heading
            lines.append(Content.styled(heading, "bold $accent"))
        here = at == view.index
        spent = step.spent_seconds + (more_seconds if here and view.clock_runs else 0.0)
        times = f"{present.clock(spent) if spent else '':>7} / {present.clock(step.planned_seconds):<7}"
        sign, style = ("▸", "bold") if here else (" ", "")
        lines.append(
            Content.assemble(
                (f"{sign}{step.number:>3} ", "bold $primary"), (times, "$quiet"), (f" {step.say}", style)
            )
        )
    return Content("\n").join(lines)
