"""The keys that act now, in one line and one widget: it is drawn anew at every change of focus."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static


class KeyLine(Static):
    """Shows the bindings of what has the focus; each can be clicked."""

    def __init__(self) -> None:
        super().__init__(id="keys", markup=False)
        self.auto_links = False
        self._shown: tuple[str, ...] = ()

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)
        self._follow(self.screen)

    def _follow(self, screen: Screen[object]) -> None:
        active = [
            (item.binding, item.enabled) for item in screen.active_bindings.values() if item.binding.show
        ]
        named = {binding.action: binding for binding, enabled in active if enabled}
        shown = tuple(named)
        if shown != self._shown:
            self._shown = shown
            self.update(Content(" ").join(self._label(binding) for binding in named.values()))

    def _label(self, binding: Binding) -> Content:
        key = self.app.get_key_display(binding)
        action = binding.action if "." in binding.action else f"screen.{binding.action}"
        label = Content.assemble(
            (key, "$footer-key-foreground bold"),
            " ",
            (binding.description, "$footer-description-foreground"),
        )
        return label.stylize(Style.from_meta({"@click": action}))
