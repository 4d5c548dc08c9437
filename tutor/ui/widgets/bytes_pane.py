"""Where the bytes of an image are: the way to it, its layers, files, program and packages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, Tree
from textual.widgets.tree import TreeNode

from tutor.core.anatomy import ImageAnatomy
from tutor.core.image import SizeRole, SizeRow
from tutor.session.opening import ImageOpening
from tutor.ui import present
from tutor.ui.bytes_row import BytesRow
from tutor.ui.bytes_view import file_rows, layer_rows, package_rows, program_rows, way_rows
from tutor.ui.message import ComparisonWanted, ImageWanted

VIEWS = ("Way", "Layers", "Files", "Program", "Packages")
_NOTHING = "No image is measured yet. Build one: b."


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


class BytesPane(Vertical):
    """One image at a time. It asks the screen to open images and never reads one itself."""

    HELP = """\
    ## Bytes

    Where every byte of an image is. `v` turns to the next view: the way from the largest image to
    this one, layers, files, the program's sections, its Go packages. `i` chooses the next image, `d`
    compares with the largest one. Right and left open and close a row; Escape stops a long opening.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "i", "next_image", "Next image", show=False, id="bytes-image", tooltip="Look into the next image."
        ),
        Binding("v", "next_view", "Next view", show=False, id="bytes-view", tooltip="Turn to the next view."),
        Binding(
            "d",
            "compare",
            "Compare",
            show=False,
            id="bytes-compare",
            tooltip="Compare with the largest image.",
        ),
    ]

    def __init__(self) -> None:
        super().__init__(id="bytes")
        self._rows: tuple[SizeRow, ...] = ()
        self._opening: ImageOpening | None = None
        self._image_id = ""
        self._view = "Layers"
        self._key: object = None

    def compose(self) -> ComposeResult:
        """Which image and view, the rows, and the fact of the chosen row."""
        yield Static(_NOTHING, id="bytes-head", markup=False)
        tree = BytesTree("", id="bytes-tree")
        tree.show_root = False
        tree.guide_depth = 2
        yield tree
        yield Static(id="bytes-fact", markup=False)

    @property
    def _tree(self) -> BytesTree:
        return self.query_one(BytesTree)

    @property
    def row(self) -> SizeRow | None:
        """The image that is looked into."""
        return next((row for row in self._rows if row.image_id == self._image_id), None)

    def show(self, opening: ImageOpening, rows: tuple[SizeRow, ...], lesson: str) -> None:
        """These images can be looked into; the lesson's own is chosen first."""
        self._opening = opening
        known = {row.image_id for row in self._rows}
        self._rows = rows
        finals = [row for row in rows if row.role is SizeRole.FINAL]
        own = [row for row in finals if row.lesson == lesson]
        fresh = [row for row in own if row.image_id not in known]
        if self.row is None or fresh:
            candidates = fresh or own or finals or rows
            self._image_id = candidates[-1].image_id if candidates else ""
        self.draw()

    def begin(self) -> None:
        """The pane was turned to: open the image if that is still to be done."""
        row = self.row
        if row is not None and self._opening is not None and self._opening.image(row.image_id) is None:
            self.post_message(ImageWanted(row))

    def on_resize(self) -> None:
        """Bars fill the width there is."""
        self.draw()

    def action_next_image(self) -> None:
        """Look into the next image."""
        if not self._rows:
            return
        ids = [row.image_id for row in self._rows]
        at = ids.index(self._image_id) if self._image_id in ids else -1
        self._image_id = ids[(at + 1) % len(ids)]
        self.draw()
        self.begin()

    def action_next_view(self) -> None:
        """Turn to the next view."""
        self._view = VIEWS[(VIEWS.index(self._view) + 1) % len(VIEWS)]
        self.draw()
        self._tree.focus()

    def action_compare(self) -> None:
        """Compare with the largest image."""
        row, largest = self.row, self._largest
        if row is None or largest is None or row.image_id == largest.image_id:
            self._say("There is no larger image to compare with. i chooses another one.")
            return
        self._view = VIEWS[0]
        self.post_message(ComparisonWanted(largest, row))

    @property
    def _largest(self) -> SizeRow | None:
        return max(self._rows, key=lambda row: row.unpacked_bytes, default=None)

    def draw(self) -> None:
        """Show the chosen view of the chosen image; what did not change is not drawn again."""
        row, opening = self.row, self._opening
        width = self._tree.scrollable_content_region.width - 4
        if row is None or opening is None or width <= 0:
            return
        image = opening.image(row.image_id)
        largest = self._largest
        pair = (largest.image_id, row.image_id) if largest is not None else ("", "")
        comparison = opening.comparison(*pair)
        key = (row, image, self._view, width, comparison, opening.attempts)
        if key == self._key:
            return
        self._key = key
        self._draw_head(row, image)
        rows = self._view_rows(image, width) if image is not None else ()
        self._tree.clear()
        self._fill(self._tree.root, rows)
        self._tree.root.expand()
        self._tree.move_cursor(next(iter(self._tree.root.children), None))
        self._tell_fact(self._tree.cursor_node)

    def _draw_head(self, row: SizeRow, image: ImageAnatomy | None) -> None:
        parts: list[tuple[str, str] | str] = [
            (row.name, "bold"),
            f"  {present.megabytes(row.unpacked_bytes)}",
        ]
        if image is not None:
            parts.append((f"  seen {image.efficiency_percent:.1f} %", "$quiet"))
        else:
            parts.append(("  not opened yet", "$quiet"))
        parts.append((f"   i next of {len(self._rows)}  d compare  v view\n", "$quiet"))
        parts += [(f" {view} ", "reverse" if view == self._view else "$quiet") for view in VIEWS]
        self.query_one("#bytes-head", Static).update(Content.assemble(*parts))

    def _view_rows(self, image: ImageAnatomy, width: int) -> Iterable[BytesRow]:
        opening, program = self._opening, image.program
        assert opening is not None
        match self._view:
            case "Way":
                largest = self._largest
                found = opening.comparison(largest.image_id, image.image_id) if largest is not None else None
                rows = tuple(way_rows(found, opening.attempts, width))
                hint = BytesRow((("d compares with the largest image, line by line", "$quiet"),))
                return rows if found is not None else (hint, *rows)
            case "Layers":
                return layer_rows(image, opening.decisions(image.image_id), width)
            case "Files":
                return file_rows(image, width)
            case _ if program is None:
                return (BytesRow((("This image starts no program that could be read.", "$quiet"),)),)
            case "Program":
                return program_rows(program, width)
            case _:
                return package_rows(program, width)

    def _fill(self, node: TreeNode[BytesRow], rows: Iterable[BytesRow]) -> None:
        for row in rows:
            node.add(self._label(row), row, allow_expand=row.below is not None)

    def _label(self, row: BytesRow) -> Text:
        """The tree takes rich's text; the theme's colours are looked up for it here."""
        variables = self.app.theme_variables
        label = Text(no_wrap=True, end="")
        for text, style in row.pieces:
            label.append(text, variables.get(style[1:], "") if style.startswith("$") else style)
        return label

    @on(Tree.NodeExpanded, "#bytes-tree")
    def open_row(self, event: Tree.NodeExpanded[BytesRow]) -> None:
        """Make what is below a row when it is first opened."""
        row = event.node.data
        if row is not None and row.below is not None and not event.node.children:
            self._fill(event.node, row.below())

    @on(Tree.NodeHighlighted, "#bytes-tree")
    def follow(self, event: Tree.NodeHighlighted[BytesRow]) -> None:
        """The fact follows the chosen row."""
        self._tell_fact(event.node)

    def _tell_fact(self, node: TreeNode[BytesRow] | None) -> None:
        fact = node.data.fact if node is not None and node.data is not None else ""
        self._say(fact)

    def _say(self, fact: str) -> None:
        self.query_one("#bytes-fact", Static).update(Content.styled(fact, "$quiet"))
