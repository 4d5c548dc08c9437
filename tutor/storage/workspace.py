"""A learner's folder for one lesson. Nothing in it is ever lost by what the tutor does."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tutor.core.errors import StorageError
from tutor.storage.atomic import sync_folder, write_atomically
from tutor.storage.failure import told
from tutor.storage.kept import KeptFiles
from tutor.storage.token import TOKEN_FILE
from tutor.storage.tree import (
    copy_file,
    copy_tree,
    inside,
    names_below,
    remove_empty_folders,
    tree_sha256,
)

TEXT_LIMIT_BYTES = 1024 * 1024
"""A larger file is no Dockerfile and would stop the editor."""


class Workspace:
    """One visible folder. Blocking; all methods raise StorageError in words.

    ``kept`` is where replaced files go. It lies outside of the folder, so that it never rides in a
    build context; without one it is ``.kept/NAME`` beside the folder. ``token`` tells the learner's own
    word, which stands in the place of the one that a lesson's files bring.
    """

    def __init__(
        self, folder: Path, kept: Path | None = None, *, token: Callable[[], str] | None = None
    ) -> None:
        self.folder = folder
        self._token = token
        self._kept = KeptFiles(kept or folder.parent / ".kept" / folder.name)

    @property
    def dockerfile_path(self) -> Path:
        """The file that the lesson is about, whether it is there or not."""
        return self.folder / "Dockerfile"

    @property
    def kept_folder(self) -> Path:
        """Where replaced files lie."""
        return self._kept.folder

    @property
    def can_restore(self) -> bool:
        """Whether there is something for :meth:`restore_last`."""
        return self._kept.newest() is not None

    def create(self, context: Path, start: Path) -> bool:
        """Lay ``start`` over ``context`` into the folder when it is missing or empty.

        Returns False, and touches nothing, when the folder holds anything. All files appear at once.
        """
        with told("read the workspace", self.folder):
            if self.folder.is_dir() and any(self.folder.iterdir()):
                return False
        lay_answer(context, start, None, self.folder, prepare=self._make_own)
        return True

    def _make_own(self, folder: Path) -> None:
        place = folder / TOKEN_FILE
        if self._token is not None and place.is_file() and not place.is_symlink():
            place.write_text(f"{self._token()}\n", "utf-8")

    def names(self) -> tuple[str, ...]:
        """Every file and link in the folder, sorted."""
        with told("read the workspace", self.folder):
            return names_below(self.folder)

    def sha256(self) -> str:
        """Of names and contents; a missing folder counts as an empty one."""
        with told("read the workspace", self.folder):
            return tree_sha256(self.folder)

    def lay(self, source: Path) -> tuple[str, ...]:
        """Write the files of a lab over the folder; what was there is kept aside. Returns their names."""
        self._require()
        with told("read the lesson's files", source):
            names = names_below(source)
        with told("lay the lesson's files into the workspace", self.folder):
            present = tuple(name for name in names if os.path.lexists(inside_parent(self.folder, name)))
            self._kept.keep(self.folder, present, sorted(set(names) - set(present)))
            for name in names:
                copy_file(source, name, self.folder)
        return names

    def lay_file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Write one file; what was there is kept aside, as with :meth:`lay`."""
        with tempfile.TemporaryDirectory(prefix="fromscratch-") as made:
            with told(f"write {name}", self.folder / name):
                path = Path(made) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                path.chmod(mode)
            self.lay(Path(made))

    def reset(self, context: Path, start: Path) -> tuple[str, ...]:
        """Make the folder what it was at the start; all old files are kept aside. Returns the names."""
        with told("reset the workspace", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            fresh = _overlaid(context, start)
            present = names_below(self.folder)
            self._kept.keep(self.folder, present, sorted(set(fresh) - set(present)))
            for name in present:
                (self.folder / name).unlink()
            remove_empty_folders(self.folder)
            for name, source in fresh.items():
                copy_file(source, name, self.folder)
            self._make_own(self.folder)
        return tuple(sorted(fresh))

    def keep_aside(self) -> Path:
        """Copy all files aside as they are now; the folder with the copy."""
        with told("keep the files aside", self.folder):
            return self._kept.keep(self.folder, self.names(), ()) / "files"

    def restore_last(self) -> tuple[str, ...]:
        """Undo the newest :meth:`lay` or :meth:`reset`. Returns the names it changed.

        What was edited since is kept aside as well.
        """
        newest = self._kept.newest()
        if newest is None:
            raise StorageError("There is nothing to put back.", where=str(self.folder))
        entry, note = newest
        with told("put the old files back", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            touched = sorted({*note.kept, *note.added})
            now = [name for name in touched if os.path.lexists(inside_parent(self.folder, name))]
            self._kept.keep(self.folder, now, (), suffix="-undone")
            for name in note.added:
                (self.folder / name).unlink(missing_ok=True)
            remove_empty_folders(self.folder)
            for name in note.kept:
                copy_file(entry / "files", name, self.folder, any_link=True)
            self._kept.drop(entry)
        return tuple(touched)

    def read_text(self, name: str) -> str:
        """A file as text, line ends as they are."""
        path = inside(self.folder, name)
        with told(f"read {name}", path), path.open("rb") as file:
            content = file.read(TEXT_LIMIT_BYTES + 1)
        if len(content) > TEXT_LIMIT_BYTES:
            raise StorageError(
                f"{name} is larger than a megabyte.",
                where=str(path),
                next_step="Make it smaller, or edit it with an editor of your own.",
            )
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise StorageError(
                f"{name} is not UTF-8 text: byte {content[error.start]:#04x} in line {line}.",
                where=f"{path}:{line}",
                next_step="Save it as UTF-8, or take back the last lab (undo).",
            ) from error

    def write_text(self, name: str, text: str) -> None:
        """Replace a file by ``text``, durable when this returns. A link inside the folder is followed."""
        self._require()
        path = inside(self.folder, name)
        with told(f"save {name}", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise IsADirectoryError(21, "Is a directory")
            write_atomically(path, text.encode("utf-8", "surrogateescape"))

    def _require(self) -> None:
        if not self.folder.is_dir():
            raise StorageError(
                "The workspace's folder is gone.",
                where=str(self.folder),
                next_step="Put it back, or reset the lesson to have its files laid again.",
            )


def lay_answer(
    context: Path,
    start: Path,
    answer: Path | None,
    target: Path,
    *,
    prepare: Callable[[Path], None] = lambda _folder: None,
) -> None:
    """Lay ``start`` over ``context``, and ``answer`` over both, into a folder that is missing or empty.

    All files appear at once, so that an interruption leaves no half of them. ``prepare`` is given the
    folder before they appear.

    Raises:
        StorageError: the target holds files, or cannot be written.
    """
    with told("lay the lesson's files", target):
        target = target.resolve()
        half_made = target.with_name(f".{target.name}.{os.getpid()}.half")
        if target.is_dir() and any(target.iterdir()):
            raise StorageError(
                "The folder holds files already.", where=str(target), next_step="Name an empty folder."
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep_half_made(target)
        try:
            shutil.rmtree(half_made, ignore_errors=True)
            half_made.mkdir()
            for source in (context, start, answer):
                if source is not None:
                    copy_tree(source, half_made)
            prepare(half_made)
            # Puts one folder in the place of another only when that one is empty.
            half_made.rename(target)
        finally:
            shutil.rmtree(half_made, ignore_errors=True)
        sync_folder(target.parent)


def _sweep_half_made(target: Path) -> None:
    """Remove what processes that were killed while laying left beside ``target``."""
    for path in target.parent.glob(f".{glob.escape(target.name)}.*.half"):
        process = path.name.split(".")[-2]
        if process.isdecimal() and not Path(f"/proc/{process}").exists() and Path("/proc/self").exists():
            shutil.rmtree(path, ignore_errors=True)


def inside_parent(folder: Path, name: str) -> Path:
    """The path of ``name``, its own link not followed, its folders' links checked.

    Raises:
        StorageError: a folder on the way is a link that leaves ``folder``.
    """
    parent = Path(name).parent
    return (folder if parent == Path() else inside(folder, str(parent))) / Path(name).name


def _overlaid(*layers: Path) -> dict[str, Path]:
    return {name: layer for layer in layers for name in names_below(layer)}
