"""Endpoints: what was asked of the running container, and exactly what it answered."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tutor.core.events import ContainerExited, ContainerStarted
from tutor.core.http import HttpExchange
from tutor.ui import present
from tutor.ui.highlight import json_or_plain
from tutor.ui.message import CopyAsked, PathAsked
from tutor.ui.widgets.pane_list import PaneList

HISTORY_KEPT = 50
_BODY_LINES = 400


def status_style(exchange: HttpExchange) -> tuple[str, str]:
    """Sign and colour of an answer."""
    if exchange.status is None:
        return "✗", "$error"
    if exchange.status < 400:
        return "✓", "$success"
    return "✗" if exchange.status >= 500 else "!", "$error" if exchange.status >= 500 else "$warning"


def line_of(exchange: HttpExchange) -> Content:
    """One exchange as a line of the history."""
    sign, style = status_style(exchange)
    status = str(exchange.status) if exchange.status is not None else "---"
    return Content.assemble(
        (f"{sign} {status} ", style),
        exchange.path,
        (f"  {present.latency(exchange.elapsed_seconds)}", "$quiet"),
    )


def detail_of(exchange: HttpExchange) -> Content:
    """One exchange in full: request, status, headers, body."""
    sign, style = status_style(exchange)
    parts: list[Content | tuple[str, str] | str] = [
        (f"{exchange.method} {exchange.url}\n", "bold"),
    ]
    if exchange.status is None:
        parts.append((f"{sign} no answer: {exchange.error}", style))
        return Content.assemble(*parts)
    parts += [
        (f"{sign} {exchange.status} {exchange.reason}", f"bold {style}"),
        (f"   in {present.latency(exchange.elapsed_seconds)}\n", "$quiet"),
    ]
    for name, value in exchange.headers:
        parts += [(f"{name}: ", "$quiet"), f"{value}\n"]
    body = json_or_plain(exchange.body)
    lines = body.split("\n", allow_blank=True)
    parts += ["\n", Content("\n").join(lines[:_BODY_LINES])]
    if exchange.body_truncated or len(lines) > _BODY_LINES:
        parts.append(("\n… the answer goes on; curl shows all of it", "$quiet"))
    return Content.assemble(*parts)


class EndpointPane(Vertical):
    """A path to ask for, the history of answers, and one answer in full."""

    HELP = """\
    ## Endpoints

    `p` asks for the paths of the lesson. Type any other path and press Enter.
    `y` copies the curl line of the answer that is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "y", "copy_curl", "Copy curl", id="copy-curl", tooltip="Copy the same request as a curl line."
        ),
    ]

    def __init__(self) -> None:
        super().__init__(id="endpoints", classes="-fresh")
        self._history: list[HttpExchange] = []

    def compose(self) -> ComposeResult:
        """The question above; history and answer below."""
        with Horizontal(id="endpoint-ask"):
            yield Static("GET", id="endpoint-method", markup=False)
            yield Input(value="/", id="endpoint-path", compact=True, select_on_focus=False)
            yield Static("nothing runs yet", id="endpoint-address", markup=False)
        yield Static(id="endpoint-curl", markup=False)
        with Horizontal(id="endpoint-body"):
            yield PaneList(id="endpoint-history", markup=False)
            with VerticalScroll(id="endpoint-scroll"):
                yield Static(
                    Content.styled("Run the image (r), then ask its endpoints (p).", "$quiet"),
                    id="endpoint-detail",
                    markup=False,
                )

    def show_address(self, address: str) -> None:
        """Where the container answers; empty when none runs."""
        text = (
            Content.assemble(("▪ ", "$success"), address)
            if address
            else Content.styled("nothing runs", "$quiet")
        )
        self.query_one("#endpoint-address", Static).update(text)

    def forget(self) -> None:
        """Drop the answers of a container that is gone."""
        self._history.clear()
        self.add_class("-fresh")
        self.query_one("#endpoint-history", OptionList).clear_options()

    def add(self, exchange: HttpExchange) -> None:
        """A new answer comes first and is shown."""
        self._history.insert(0, exchange)
        del self._history[HISTORY_KEPT:]
        history = self.query_one("#endpoint-history", OptionList)
        self.remove_class("-fresh")
        history.set_options([Option(line_of(item)) for item in self._history])
        history.highlighted = 0
        self._show(exchange)

    def show_start(self, event: ContainerStarted) -> None:
        """A container runs: earlier answers were another one's."""
        self.forget()
        self._command(event.command, "")
        self._detail(
            Content.assemble(
                ("▪ runs", "$success"),
                f" at {event.address}" if event.address else "",
                ("\nAsk its endpoints: p", "$quiet"),
            )
        )

    def show_exit(self, event: ContainerExited) -> None:
        """A container that ended, with the engine's own text and the end of its log."""
        code = "" if event.exit_code is None else f" with exit code {event.exit_code}"
        parts: list[tuple[str, str] | str] = [(f"✗ The container ended{code}.", "bold $error")]
        if event.error:
            parts.append((f"\n{event.error.strip()}", "$error"))
        if event.log:
            parts += [("\n\nThe end of its log\n", "$quiet"), "\n".join(event.log[-40:])]
        if event.next_step:
            parts += [("\n→ ", "bold $accent"), event.next_step]
        self._detail(Content.assemble(*parts))

    def _command(self, command: str, hint: str) -> None:
        text = Content.assemble(("$ ", "$quiet"), (command, "$primary"), (hint, "$quiet"))
        self.query_one("#endpoint-curl", Static).update(text)

    def _detail(self, content: Content) -> None:
        self.query_one("#endpoint-detail", Static).update(content)
        self.query_one("#endpoint-scroll").scroll_home(animate=False)

    @property
    def shown(self) -> HttpExchange | None:
        """The exchange whose answer is on screen."""
        index = self.query_one("#endpoint-history", OptionList).highlighted
        return self._history[index] if index is not None and index < len(self._history) else None

    def _show(self, exchange: HttpExchange) -> None:
        self._command(exchange.curl, "   y copies")
        self._detail(detail_of(exchange))

    @on(OptionList.OptionHighlighted, "#endpoint-history")
    def show_chosen(self) -> None:
        """The answer follows the highlight."""
        if self.shown is not None:
            self._show(self.shown)

    @on(Input.Submitted, "#endpoint-path")
    def ask(self, event: Input.Submitted) -> None:
        """Ask for the typed path."""
        event.stop()
        path = event.value.strip()
        self.post_message(PathAsked(path if path.startswith("/") else f"/{path}"))

    def action_copy_curl(self) -> None:
        """Copy the curl line of the answer on screen."""
        if self.shown is None:
            self.notify("Nothing was asked yet.", markup=False)
        else:
            self.post_message(CopyAsked(self.shown.curl, "The curl line"))
