"""The right side: the editor and the panes, with tabs. On a small screen one of them shows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tutor.core.text import clean_line
from tutor.ui.message import PaneChosen
from tutor.ui.widgets.build_pane import BuildPane
from tutor.ui.widgets.check_pane import CheckPane
from tutor.ui.widgets.dockerfile_editor import DockerfileEditor
from tutor.ui.widgets.endpoint_pane import EndpointPane
from tutor.ui.widgets.look_pane import LookPane
from tutor.ui.widgets.sizes_pane import SizesPane

if TYPE_CHECKING:
    from tutor.ui.widgets.bytes_pane import BytesPane

PANES = {
    "file": "File",
    "build": "Build",
    "sizes": "Sizes",
    "endpoints": "Endpoints",
    "bytes": "Bytes",
    "checks": "Checks",
    "look": "Look",
}
"""Every pane in the order of its digit, and its title."""

FIRST_PANE = "build"
TITLE_CELLS = 13
"""More would push the last tab out of 80 columns."""


class PaneTab(Static):
    """One tab; its digit is its key."""

    def __init__(self, pane: str, number: int) -> None:
        self.pane = pane
        self._number = number
        classes = "tab -chosen" if pane == FIRST_PANE else "tab"
        super().__init__(markup=False, classes=classes, id=f"tab-{pane}")
        self.tooltip = f"{PANES[pane]} (key {number})"
        self._title = PANES[pane]
        self.mark("")

    def mark(self, sign: str, style: str = "") -> None:
        """Show a sign beside the title: how the last work in that pane ended."""
        self.update(
            Content.assemble((f"{self._number} ", "$quiet"), self._title, (f" {sign}" if sign else "", style))
        )

    def rename(self, title: str) -> None:
        """Show another title; a long one is cut."""
        self._title = title if len(title) <= TITLE_CELLS else f"{title[: TITLE_CELLS - 1]}…"
        self.mark("")

    def on_click(self, event: events.Click) -> None:
        """Show the pane."""
        event.stop()
        self.post_message(PaneChosen(self.pane))


class Workbench(Vertical):
    """Editor, tabs, panes. ``pane`` is the one chosen."""

    pane: var[str] = var(FIRST_PANE, init=False)

    def __init__(self) -> None:
        super().__init__(id="bench", classes=f"-shows-{FIRST_PANE}")
        self.is_complete = False
        """Whether all panes are there."""

    def compose(self) -> ComposeResult:
        """The tabs stand between the editor and the panes, or above all when room is short."""
        yield DockerfileEditor()
        with Horizontal(id="tabs"):
            for number, pane in enumerate(PANES, 1):
                yield PaneTab(pane, number)
            yield Static("▾ PgDn", id="more", markup=False)
        yield BuildPane()

    async def complete(self) -> None:
        """Add what the first picture does not show: the lesson is read sooner for it."""
        # Trees and what an opened image is are not needed for the first picture.
        from tutor.ui.widgets.bytes_pane import BytesPane

        await self.build.complete()
        await self.mount(SizesPane(), EndpointPane(), BytesPane(), CheckPane(), LookPane())
        self.is_complete = True

    def watch_pane(self, before: str, now: str) -> None:
        """Another pane was chosen."""
        if before != now and self.is_mounted:
            self.remove_class(f"-shows-{before}", update=False)
            self.add_class(f"-shows-{now}")
            self.tab(before).remove_class("-chosen")
            self.tab(now).add_class("-chosen")

    @on(DockerfileEditor.Opened)
    def name_file(self, event: DockerfileEditor.Opened) -> None:
        """The first tab bears the name of a file that is not the one all lessons are about."""
        event.stop()
        is_usual = event.name == "Dockerfile"
        self.tab("file").rename(PANES["file"] if is_usual else clean_line(event.name))

    @on(events.Click, "#tabs")
    def stop_click(self, event: events.Click) -> None:
        """A click beside the tabs means nothing."""
        event.stop()

    def tell_rest(self, *, below: bool) -> None:
        """On a small screen, where the text ends above the tabs: whether there is more of it."""
        self.query_one("#more").set_class(below, "-below")

    def tab(self, pane: str) -> PaneTab:
        """The tab of a pane."""
        return self.query_one(f"#tab-{pane}", PaneTab)

    @property
    def editor(self) -> DockerfileEditor:
        """The Dockerfile."""
        return self.query_one(DockerfileEditor)

    @property
    def build(self) -> BuildPane:
        """The live build."""
        return self.query_one(BuildPane)

    @property
    def sizes(self) -> SizesPane:
        """The image sizes."""
        return self.query_one(SizesPane)

    @property
    def endpoints(self) -> EndpointPane:
        """The endpoints."""
        return self.query_one(EndpointPane)

    @property
    def bytes(self) -> BytesPane:
        """Where the bytes are."""
        return cast("BytesPane", self.query_one("#bytes"))

    @property
    def look(self) -> LookPane:
        """What was looked at last."""
        return self.query_one(LookPane)

    @property
    def checks(self) -> CheckPane:
        """The checkpoint."""
        return self.query_one(CheckPane)
