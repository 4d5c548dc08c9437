"""The floor: a Textual app with a header, markdown, a log and a footer, and nothing else."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Header, Log, Markdown

PROSE = """\
# A bare page

As much prose as one step of a lesson has, with a list and a fence.

- one thing to do
- another thing to do

```sh
docker build -t multi .
```

The last words of it: barefloor.
"""


class BareApp(App[None]):
    """Says what it has and waits."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "quit", "Quitkey")]

    def compose(self) -> ComposeResult:
        """The four widgets."""
        yield Header()
        yield Markdown(PROSE)
        yield Log()
        yield Footer()

    def on_mount(self) -> None:
        """One line in the log."""
        self.query_one(Log).write_line("loglinehere")


if __name__ == "__main__":
    BareApp().run()
