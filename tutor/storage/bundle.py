"""A bundle: one zip file with a workspace and a manifest. Written here, and read with distrust."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from tutor.core.errors import StorageError, SubmissionRefused
from tutor.core.submission import BUNDLE_SCHEMA, BundledFile, BundleManifest, IntakeLimits
from tutor.storage.failure import told
from tutor.storage.tree import inside, is_editors_own, names_below

MANIFEST = "fromscratch.json"
FILES = "workspace/"
_MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PIECE = 1024 * 1024


def bundled_files(folder: Path) -> tuple[BundledFile, ...]:
    """The files of a workspace that go into a bundle: what editors and git leave does not.

    Raises:
        StorageError: a link leads out of the folder, or something is no file.
    """
    found = []
    with told("read the workspace", folder):
        for name in names_below(folder):
            if is_editors_own(name):
                continue
            path = inside(folder, name)
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise StorageError(f"{name} is no file.", where=str(folder / name), next_step="Remove it.")
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found.append(BundledFile(name, digest, status.st_size, bool(status.st_mode & 0o111)))
    return tuple(found)


def write_bundle(path: Path, folder: Path, manifest: BundleManifest) -> None:
    """Write one bundle; whole or not at all. Times are left out: the same files give the same bytes.

    Raises:
        StorageError: something cannot be read or written.
    """
    half = path.with_name(f".{path.name}.half")
    with told("write the bundle", path):
        try:
            with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
                document = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
                archive.writestr(_entry(MANIFEST, False), document)
                for file in manifest.files:
                    content = inside(folder, file.path).read_bytes()
                    archive.writestr(_entry(FILES + file.path, file.executable), content)
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)


def _entry(name: str, executable: bool) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
    return entry


def unpack_bundle(path: Path, target: Path, limits: IntakeLimits) -> BundleManifest:
    """Lay the files of a bundle into a new folder and return its manifest.

    Raises:
        SubmissionRefused: it is no bundle, is damaged, holds too much, or something that is no plain
            file with a plain name.
        StorageError: the target cannot be written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > limits.files + 1:
                raise SubmissionRefused(
                    f"The bundle holds {len(members)} names; {limits.files} are taken.",
                    next_step="Hand in the workspace alone.",
                )
            manifest = _read_manifest(archive, path)
            with told("unpack the bundle", target):
                target.mkdir(parents=True, exist_ok=True)
                _unpack(archive, members, target, limits)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise SubmissionRefused(
            f"The bundle is damaged or no zip file: {error}", where=path.name, next_step="Make it again."
        ) from error
    _compare(manifest, target)
    return manifest


def _read_manifest(archive: zipfile.ZipFile, path: Path) -> BundleManifest:
    try:
        entry = archive.getinfo(MANIFEST)
    except KeyError:
        raise SubmissionRefused(
            f"The zip file holds no {MANIFEST}: it is no bundle.",
            where=path.name,
            next_step="Make it with fromscratch submit, or hand in a plain folder.",
        ) from None
    text = b"".join(_content(archive, entry, _MANIFEST_LIMIT_BYTES))
    try:
        manifest = msgspec.json.decode(text, type=BundleManifest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise SubmissionRefused(
            f"The bundle's {MANIFEST} cannot be read: {error}", where=path.name
        ) from error
    if manifest.schema != BUNDLE_SCHEMA:
        raise SubmissionRefused(
            f"The bundle has schema {manifest.schema}; this version reads {BUNDLE_SCHEMA}.",
            where=path.name,
            next_step="Use the version of the tutor that the course names.",
        )
    return manifest


def _unpack(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], target: Path, limits: IntakeLimits
) -> None:
    seen: set[str] = set()
    left = limits.total_bytes
    for member in members:
        if member.filename == MANIFEST or member.filename in ("", FILES):
            continue
        name = _plain_name(member, limits)
        if name.casefold() in seen:
            raise SubmissionRefused(f"The bundle holds {name!r} twice.")
        seen.add(name.casefold())
        kind = stat.S_IFMT(member.external_attr >> 16)
        if member.is_dir() or kind == stat.S_IFDIR:
            continue
        if kind not in (0, stat.S_IFREG):
            raise SubmissionRefused(
                f"{name!r} is a link or a device.", next_step="A bundle holds plain files only."
            )
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            for piece in _content(archive, member, min(limits.file_bytes, left)):
                file.write(piece)
                left -= len(piece)
        place.chmod(0o755 if (member.external_attr >> 16) & 0o111 else 0o644)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> Iterator[bytes]:
    """What a member unpacks to. What it says of its own size is not believed."""
    done = 0
    if member.flag_bits & 0x1:
        raise SubmissionRefused(f"{member.filename!r} is encrypted.")
    with archive.open(member) as stream:
        while piece := stream.read(min(_PIECE, limit - done + 1)):
            done += len(piece)
            if done > limit:
                raise SubmissionRefused(
                    f"{member.filename!r} unpacks to more than {limit} bytes are taken.",
                    next_step="Leave out what the build does not need.",
                )
            yield piece


def _plain_name(member: zipfile.ZipInfo, limits: IntakeLimits) -> str:
    name = member.filename
    path = PurePosixPath(name.removeprefix(FILES))
    inside_folder = name.startswith(FILES) and path.parts and ".." not in path.parts
    printable = not any(ord(character) < 32 or ord(character) == 127 for character in name)
    if not inside_folder or path.is_absolute() or "\\" in name or ":" in path.parts[0] or not printable:
        raise SubmissionRefused(
            f"{name!r} leads out of the bundle's folder.", next_step="A bundle holds workspace/NAME only."
        )
    if len(name.encode("utf-8", "replace")) > limits.path_length:
        raise SubmissionRefused(f"The bundle holds a name of {len(name)} characters.")
    return str(path)


def _compare(manifest: BundleManifest, target: Path) -> None:
    told_digests = {file.path: file.sha256 for file in manifest.files}
    for name in names_below(target):
        with (target / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if told_digests.pop(name, None) != digest:
            raise SubmissionRefused(
                f"{name} is not what the bundle's list says.",
                next_step="Make the bundle again with fromscratch submit; do not edit it.",
            )
    if told_digests:
        raise SubmissionRefused(f"The bundle lacks {min(told_digests)}, which its list names.")
