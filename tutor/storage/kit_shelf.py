"""The class kit of this home: installed whole or not at all, found again, removed."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import msgspec

from tutor.core.errors import NoSpaceLeft, StorageError
from tutor.core.kit import WHEEL, Kit, KitManifest
from tutor.storage.atomic import sync_folder, write_atomically
from tutor.storage.failure import told
from tutor.storage.kit_file import KitReader, Progress
from tutor.storage.kit_manifest import MANIFEST, kit_id
from tutor.storage.wheel import unpack_wheel

_CURRENT = "current"
_HALF = ".half-"
_ROOM_BYTES = 1_000_000_000
"""For the Go toolchain, unpacked, beside the members."""


class KitShelf:
    """One folder with the kit in use. ``current`` names it, so that a new one takes its place at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def current(self) -> Kit | None:
        """The kit in use; None when none was imported, or it is not whole any more."""
        try:
            name = (self._folder / _CURRENT).read_text("ascii").strip()
            folder = self._folder / name
            document = (folder / MANIFEST).read_bytes()
            manifest = msgspec.json.decode(document, type=KitManifest)
        except (OSError, ValueError, msgspec.MsgspecError):
            return None
        return Kit(name, folder, manifest) if kit_id(document) == name else None

    def install(
        self,
        reader: KitReader,
        approve: Callable[[Kit], None] = lambda _: None,
        on_progress: Progress = lambda *_: None,
    ) -> Kit:
        """Unpack a kit, check all of it, and only then put it in place of the one before. Blocking.

        ``approve`` looks at what was unpacked and raises what it cannot agree to.

        Raises:
            KitRefused: something in it is not as its list says. Nothing has changed then.
            NoSpaceLeft, StorageError: it cannot be written here.
        """
        manifest = reader.manifest
        with told("keep the kit", self._folder), self._alone():
            self._make_room(manifest)
            half = Path(tempfile.mkdtemp(prefix=_HALF, dir=self._folder))
            half.chmod(0o755)
            try:
                self._unpack(reader, half, on_progress)
                if manifest.wheel:
                    unpack_wheel(half / manifest.wheel, half / "site")
                    # It is made again from what was unpacked, should this home export a kit.
                    shutil.rmtree(half / WHEEL.rstrip("/"))
                (half / MANIFEST).write_bytes(reader.document)
                approve(Kit(reader.kit_id, half, manifest))
                self._put(half, reader.kit_id)
            finally:
                shutil.rmtree(half, ignore_errors=True)
        kit = self.current()
        if kit is None:
            raise StorageError("The kit was not kept.", where=str(self._folder), next_step="Import it again.")
        return kit

    def remove(self) -> bool:
        """Forget the kit; False when there was none.

        Raises:
            StorageError: it cannot be removed.
        """
        found = self.current() is not None
        with told("remove the kit", self._folder):
            if self._folder.exists():
                shutil.rmtree(self._folder)
        return found

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self._folder.with_name(f"{self._folder.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise StorageError(
                "Another kit is being imported here.",
                where=str(self._folder),
                next_step="Wait for its end, then try again.",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _make_room(self, manifest: KitManifest) -> None:
        for old in self._folder.glob(f"{_HALF}*"):
            # Nobody else is here: what lies half made is of an import that was killed.
            shutil.rmtree(old, ignore_errors=True)
        wanted = manifest.total_bytes + (_ROOM_BYTES if manifest.wheel else 0)
        free = shutil.disk_usage(self._folder).free
        if free < wanted:
            raise NoSpaceLeft(
                f"The kit wants {wanted / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free.",
                where=str(self._folder),
                next_step="Free some space, or set FROMSCRATCH_HOME to a folder on another disk.",
            )

    @staticmethod
    def _unpack(reader: KitReader, half: Path, on_progress: Progress) -> None:
        done = 0
        for member, pieces in reader.members():
            place = half / member.path
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                for piece in pieces:
                    file.write(piece)
                    done += len(piece)
                    on_progress(done, reader.manifest.total_bytes)
            if member.executable:
                place.chmod(0o755)

    def _put(self, half: Path, name: str) -> None:
        folder = self._folder / name
        if folder.exists():
            # The same kit, perhaps not whole any more.
            shutil.rmtree(folder)
        half.rename(folder)
        sync_folder(self._folder)
        write_atomically(self._folder / _CURRENT, name.encode())
        for other in self._folder.iterdir():
            if other.is_dir() and other != folder:
                with contextlib.suppress(OSError):
                    shutil.rmtree(other)
