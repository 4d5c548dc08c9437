"""The rows of the Bytes pane: opened by Right, closed by Left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tutor.ui.bytes_row import BytesRow


class BytesTree(Tree[BytesRow]):
    """Right opens a row and left closes it; Enter does what comes next, like anywhere else."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.proceed", "NEXT", show=False, tooltip="Do what comes next."),
        Binding(
            "right", "open", "Open row", show=False, id="bytes-open", tooltip="Show what is below this row."
        ),
        Binding(
            "left", "close", "Close row", show=False, id="bytes-close", tooltip="Hide what is below this row."
        ),
    ]

    def __init__(self) -> None:
        super().__init__("", id="bytes-tree")
        self.show_root = False
        self.guide_depth = 2

    def show_rows(self, rows: Iterable[BytesRow]) -> None:
        """These rows in place of those before; the first one is chosen."""
        self.clear()
        self._fill(self.root, rows)
        self.root.expand()
        self.move_cursor(next(iter(self.root.children), None))

    @property
    def chosen(self) -> BytesRow | None:
        """The row that the cursor is on."""
        return self.cursor_node.data if self.cursor_node is not None else None

    def action_open(self) -> None:
        """Open the chosen row."""
        if self.cursor_node is not None and self.cursor_node.allow_expand:
            self.cursor_node.expand()

    def action_close(self) -> None:
        """Close the chosen row, or go up to the one it is below."""
        node = self.cursor_node
        if node is None:
            return
        if node.is_expanded and node.allow_expand:
            node.collapse()
        elif node.parent is not None and not node.parent.is_root:
            self.move_cursor(node.parent)

    def _fill(self, node: TreeNode[BytesRow], rows: Iterable[BytesRow]) -> None:
        for row in rows:
            added = node.add(self._label(row), row, allow_expand=row.below is not None)
            if row.is_open and row.below is not None:
                self._fill(added, row.below())
                added.expand()

    def _label(self, row: BytesRow) -> Text:
        """The tree takes rich's text; the theme's colours are looked up for it here."""
        variables = self.app.theme_variables
        label = Text(no_wrap=True, end="")
        for text, style in row.pieces:
            label.append(text, variables.get(style[1:], "") if style.startswith("$") else style)
        return label

    @on(Tree.NodeExpanded)
    def open_row(self, event: Tree.NodeExpanded[BytesRow]) -> None:
        """Make what is below a row when it is first opened."""
        row = event.node.data
        if row is not None and row.below is not None and not event.node.children:
            self._fill(event.node, row.below())
