"""Where the bytes of an image are: the way to it, its layers, files, program and packages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, Tree

from tutor.core.anatomy import ImageAnatomy
from tutor.core.image import SizeRole, SizeRow
from tutor.session.opening import Comparison, ImageOpening
from tutor.ui import present
from tutor.ui.bytes_difference import difference_rows
from tutor.ui.bytes_row import BytesRow
from tutor.ui.bytes_view import file_rows, layer_rows, package_rows, program_rows, way_rows
from tutor.ui.cell import cut, width
from tutor.ui.message import ComparisonWanted, ImageWanted
from tutor.ui.widgets.bytes_tree import BytesTree

WAY, COMPARED = "Way", "Compared"
VIEWS = (WAY, "Layers", "Files", "Program", "Packages", COMPARED)
_UNOPENED = BytesRow((("5 looks into this image.", "$quiet"),))
_NOTHING = "No image is measured yet. Build one: b."


class BytesPane(Vertical):
    """One image at a time. It asks the screen to open images and never reads one itself."""

    HELP = """\
    ## Bytes

    Where every byte of an image is. `v` turns to the next view: the way from the largest image to
    this one, layers, files, the program's sections, its Go packages, two compared. `i` chooses the
    next image; `d` compares it with the largest one, and again with the next: what was added,
    removed, grew or shrank. Right and left open and close a row; Escape stops a long opening.
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
            tooltip="Compare with the largest image; again: with the next.",
        ),
    ]

    def __init__(self) -> None:
        super().__init__(id="bytes")
        self._rows: tuple[SizeRow, ...] = ()
        self._opening: ImageOpening | None = None
        self._image_id = ""
        self._other_id = ""
        self._lesson = ""
        self._view = "Layers"
        self._key: object = None

    def compose(self) -> ComposeResult:
        """Which image and view, the rows, and the fact of the chosen row."""
        yield Static(_NOTHING, id="bytes-head", markup=False)
        yield BytesTree()
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
        self._lesson = lesson
        finals = [row for row in rows if row.role is SizeRole.FINAL]
        own = [row for row in finals if row.lesson == lesson]
        fresh = [row for row in own if row.image_id not in known]
        if self.row is None or fresh:
            self._other_id = ""
            candidates = fresh or own or finals or rows
            self._image_id = candidates[-1].image_id if candidates else ""
        self.draw()

    def begin(self) -> None:
        """The pane was turned to: open the image if that is still to be done, and see new attempts."""
        row = self.row
        if row is not None and self._opening is not None and not self._opening.is_complete(row.image_id):
            self.post_message(ImageWanted(row))
        else:
            self._look_for_way()

    def _look_for_way(self) -> None:
        """The way to an image needs the one that it begins at; whoever wants something else goes first."""
        row, other = self.row, self._other
        if self._view == WAY and row is not None and other is not None and self._comparison is None:
            self.post_message(ComparisonWanted(other, row, gives_way=True))

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
        self._look_for_way()

    def action_compare(self) -> None:
        """Compare with the largest image; where that is shown already, with the next one."""
        row, others = self.row, self._others
        if row is None or not others:
            self._say("There is no other image to compare with yet.")
            return
        before = self._other
        if self._view == COMPARED and self._comparison is not None and before in others:
            before = others[(others.index(before) + 1) % len(others)]
        assert before is not None
        self._other_id = before.image_id
        self._view = COMPARED
        self.draw()
        self._tree.focus()
        if self._comparison is None:
            self.post_message(ComparisonWanted(before, row))

    @property
    def _others(self) -> list[SizeRow]:
        """The images to compare with, the largest first."""
        others = [row for row in self._rows if row.image_id != self._image_id]
        return sorted(others, key=lambda row: -row.unpacked_bytes)

    @property
    def _other(self) -> SizeRow | None:
        others = self._others
        return next((row for row in others if row.image_id == self._other_id), others[0] if others else None)

    @property
    def _comparison(self) -> Comparison | None:
        other = self._other
        if other is None or self._opening is None:
            return None
        return self._opening.comparison(other.image_id, self._image_id)

    def draw(self) -> None:
        """Show the chosen view of the chosen image; what did not change is not drawn again."""
        row, opening = self.row, self._opening
        cells = self._tree.scrollable_content_region.width - 4
        if row is None or opening is None or cells <= 0:
            return
        image = opening.image(row.image_id)
        comparison = self._comparison
        key = (row, image, self._view, cells, self._other, comparison, opening.attempts)
        if key == self._key:
            return
        self._key = key
        self._draw_head(row, image)
        rows = self._view_rows(image, cells) if image is not None else (_UNOPENED,)
        self._tree.show_rows(rows)
        self._tell_fact(self._tree.chosen)

    def _draw_head(self, row: SizeRow, image: ImageAnatomy | None) -> None:
        """Two lines whatever the image is called: what the keys do gives way first, then its name."""
        head = self.query_one("#bytes-head", Static)
        seen = "not opened yet" if image is None else f"seen {image.efficiency_percent:.1f} %"
        size = f"  {present.megabytes(row.unpacked_bytes)}"
        keys = f"   i next of {len(self._rows)}  d compare  v view"
        room = head.content_size.width - len(size) - len(seen) - 2
        if width(row.name) + len(keys) > room:
            keys = ""
        name = cut(row.name, max(1, room))
        parts: list[tuple[str, str] | str] = [(name, "bold"), size, (f"  {seen}{keys}\n", "$quiet")]
        parts += [(f" {view} ", "reverse" if view == self._view else "$quiet") for view in VIEWS]
        head.update(Content.assemble(*parts))

    def _view_rows(self, image: ImageAnatomy, cells: int) -> Iterable[BytesRow]:
        opening, program = self._opening, image.program or image.start_program
        assert opening is not None
        match self._view:
            case "Way":
                par_bytes = (
                    opening.par_bytes if self.row is not None and self.row.lesson == self._lesson else None
                )
                rows = tuple(way_rows(self._comparison, opening.attempts, cells, par_bytes))
                return rows if self._comparison is not None else (self._compare_hint(), *rows)
            case "Compared":
                found = self._comparison
                return difference_rows(found, cells) if found is not None else (self._compare_hint(),)
            case "Layers":
                return layer_rows(image, opening.decisions(image.image_id), cells)
            case "Files":
                return file_rows(image, cells)
            case _ if program is None:
                return (BytesRow((("This image starts no program that could be read.", "$quiet"),)),)
            case "Program":
                return program_rows(program, cells)
            case _:
                return package_rows(program, cells)

    def _compare_hint(self) -> BytesRow:
        other = self._other
        text = f"d compares with {other.name}, line by line" if other else "There is no other image yet"
        return BytesRow(((text, "$quiet"),))

    @on(Tree.NodeHighlighted, "#bytes-tree")
    def follow(self, event: Tree.NodeHighlighted[BytesRow]) -> None:
        """The fact follows the chosen row."""
        self._tell_fact(event.node.data)

    def _tell_fact(self, row: BytesRow | None) -> None:
        self._say(row.fact if row is not None else "")

    def _say(self, fact: str) -> None:
        self.query_one("#bytes-fact", Static).update(Content.styled(fact, "$quiet"))
