"""Every key, in one place. Ids are stable, so that a learner's own keys can refer to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from textual.binding import Binding, BindingType


def key(
    keys: str, action: str, description: str, tooltip: str, *, show: bool = False, display: str | None = None
) -> Binding:
    """A binding whose id is its action in kebab case."""
    return Binding(
        keys,
        action,
        description,
        show=show,
        key_display=display,
        tooltip=tooltip,
        id=action.partition("(")[0].removeprefix("app.").replace("_", "-")
        + (f"-{action.partition('(')[2].strip(')').strip(chr(39))}" if "(" in action else ""),
    )


def alias(keys: str, action: str) -> Binding:
    """Another key for an action: one that works inside the editor too."""
    return Binding(
        keys, action, f"{action.capitalize()}, also in the editor", show=False, id=f"{action}-alias"
    )


LESSON_BINDINGS: list[BindingType] = [
    key("b", "build", "Build", "Build the image from the workspace.", show=True),
    key("r", "run", "Run", "Start the image and leave it running.", show=True),
    key("p", "probe", "Probe", "Ask the running container's endpoints.", show=True),
    key("c", "check", "Check", "Grade the workspace: build, run, ask, judge.", show=True),
    key("h", "hint", "Hint", "Show the next hint that fits what went wrong.", show=True),
    key("e", "edit", "Editor", "Edit the file that NEXT is about; Escape leaves it.", show=True),
    key("z", "bigger", "Bigger", "Give all the room to this pane, or take it back.", show=True),
    key("n,enter", "proceed", "NEXT", "Do what comes next."),
    key("s", "skip", "Skip question", "Go on without an answer."),
    key("left_square_bracket", "previous_step", "Step back", "Turn to the step before.", display="["),
    key("right_square_bracket", "next_step", "Step on", "Turn to the step after.", display="]"),
    key("pageup", "page(-1)", "Page up", "Scroll the lesson's text up."),
    key("pagedown", "page(1)", "Page down", "Scroll the lesson's text down."),
    key("slash", "ask_path", "Ask a path", "Type a path to ask the container for.", display="/"),
    key("l", "log", "Log", "Read what the running container wrote."),
    key("m", "map", "Course map", "All lessons and how far you are."),
    key("f", "choose_file", "Another file", "Choose which file of your folder the editor shows."),
    key("E", "external_editor", "Open $EDITOR", "Edit the shown file in your own editor."),
    key("u", "undo_lab", "Undo lab", "Put back the files the last lab replaced."),
    key("1", "pane('file')", "File", "Show the file in the editor."),
    key("2", "pane('build')", "Build pane", "Show the live build."),
    key("3", "pane('sizes')", "Sizes pane", "Show the image sizes."),
    key("4", "pane('endpoints')", "Endpoints pane", "Show the endpoints."),
    key("5", "pane('bytes')", "Bytes pane", "Show where the bytes of an image are."),
    key("6", "pane('checks')", "Checks pane", "Show the checks and hints."),
    key("7", "pane('look')", "Look pane", "Show what a step looked at: files, layers, output."),
    key("w", "what_if", "What if", "After a failed check: grade the nearest right answer beside yours."),
    key("o", "test_out", "Test out", "Go straight to the lesson's checkpoint."),
    key("S", "solutions", "Solutions", "After the pass: other right answers, measured side by side."),
    alias("f5", "build"),
    alias("f8", "run"),
    alias("f9", "check"),
    key("escape", "stop", "Stop", "Stop what runs, or go back to NEXT."),
]

APP_BINDINGS: list[BindingType] = [
    key("question_mark", "app.help", "Help", "Keys and how this works.", show=True, display="?"),
    Binding("f1", "app.help", "Help, also in the editor", show=False, id="help-alias"),
    key("colon", "app.command_palette", "Commands", "Every action by name.", show=True, display=":"),
    key("q", "app.quit", "Quit", "Save and leave. Asks while a build runs.", show=True),
    key("t", "app.toggle_theme", "Light or dark", "Change between the light and the dark theme."),
]

HELP_BINDING = key("question_mark,f1", "app.help", "Keys", "These keys.", show=True, display="?")
"""Of programs with one screen."""

_FORWARD_KEYS, _BACK_KEYS = "right,space,enter,pagedown,n", "left,backspace,pageup,p"
"""Those of a presenter's remote among them."""


def _demo(*words: str, **options: Any) -> Binding:
    binding = key(*words, **options)
    return replace(binding, id=f"demo-{binding.id}")


DEMO_BINDINGS: list[BindingType] = [
    _demo(_FORWARD_KEYS, "forward", "Forward", "Do the next step, live.", show=True, display="→"),
    _demo(_BACK_KEYS, "back", "Back", "Restore the step before; stop what runs.", show=True, display="←"),
    _demo("j", "ask('jump')", "Jump", "To a step by its number.", show=True),
    _demo("g", "ask('guess')", "Guess", "Type in what the class says.", show=True),
    _demo("x", "redo", "Again", "Do this step once more, live.", show=True),
    _demo("y", "hold", "Type only", "Type commands; a second Forward runs them.", show=True),
    _demo("s", "shell", "Shell", "A real shell in the demo's folder.", show=True),
    _demo("c", "console", "Console", "A code for the presenter's console."),
    _demo("r", "fall_back", "Go on from recording", "Play the recording from this step on."),
    _demo("down", "scroll(3)", "Down", "Scroll down what does not fit."),
    _demo("up", "scroll(-3)", "Up", "Scroll up what does not fit."),
    _demo("escape", "stop", "Stop", "Stop what runs, or close the line at the bottom."),
]

CONSOLE_BINDINGS: list[BindingType] = [
    key(_FORWARD_KEYS, "forward", "Forward", "The next step.", show=True, display="→"),
    key(_BACK_KEYS, "back", "Back", "The step before.", show=True, display="←"),
    key("j", "ask('jump')", "Jump", "To a step by its number.", show=True),
    key("g", "ask('guess')", "Class's guess", "Type in what the class says.", show=True),
    key("l", "list", "Steps", "All steps with their times, or the notes.", show=True),
    key("0", "clock", "Clock", "Count the time from now on.", show=True),
    key("r", "fall_back", "Recording", "Go on from the recording that the demo offers."),
    key("down", "scroll(3)", "Down", "Scroll the notes down."),
    key("up", "scroll(-3)", "Up", "Scroll the notes up."),
    key("escape", "stop", "Stop", "Stop what runs, or close the line at the bottom."),
]


@dataclass(frozen=True, slots=True)
class Command:
    """An action that the palette offers besides those with keys."""

    title: str
    help: str
    action: str


EXTRA_COMMANDS = (
    Command("Review now", "Questions that went wrong or surprised you, as far as they are due", "app.review"),
    Command("Rebuild from an empty file", "An empty Dockerfile and the checkpoint's rules", "drill"),
    Command("Packed size", "Compute about what a registry ships of the chosen image", "packed"),
    Command("Copy curl", "Copy the last request as a curl line", "copy_curl"),
    Command("Where are my files?", "Show and copy the path of the workspace", "where"),
    Command("Reset lesson", "Workspace and steps as at the start; your files are kept aside", "reset"),
    Command("Look for an engine", "Look again for Docker, else take the embedded engine", "connect"),
    Command("About this engine", "Which engine is in use, and how its isolation works", "engine_info"),
    Command("Take the other version", "Show the Dockerfile another program wrote meanwhile", "take_other"),
    Command("Show the tour", "The four screens of the first start", "app.tour"),
)
