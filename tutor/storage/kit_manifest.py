"""The list of contents of a class kit: what a kit may hold is decided here, before a byte is unpacked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from tutor.core.errors import KitRefused
from tutor.core.kit import (
    APPLETS,
    BUSYBOX,
    IMAGES,
    KIT_KIND,
    KIT_SCHEMA,
    LESSONS,
    SERVICE,
    WHEEL,
    KitManifest,
)
from tutor.core.text import clean_line

MANIFEST = "fromscratch-kit.json"
MEMBER_LIMIT = 20_000
TOTAL_LIMIT_BYTES = 16_000_000_000
PATH_LIMIT = 240
AGAIN = "Get it again from whoever gave it to you, or make it again with fromscratch kit export."
FOREIGN = "A kit is made by fromscratch kit export, and is not edited."


@dataclass(frozen=True, slots=True)
class _Head:
    kind: str = ""
    schema: int = 0
    tool_version: str = ""


def encode_manifest(manifest: KitManifest) -> bytes:
    """As it stands in the file."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


def kit_id(document: bytes) -> str:
    """The id of the kit whose encoded manifest this is."""
    return hashlib.sha256(document).hexdigest()


def decode_manifest(document: bytes, path: Path) -> KitManifest:
    """Read the list of the kit at ``path``.

    Raises:
        KitRefused: it is no kit's list, is damaged, or is made for a newer tutor.
    """
    where = f"{path}, {MANIFEST}"
    try:
        head = msgspec.json.decode(document, type=_Head)
        if head.kind != KIT_KIND:
            raise KitRefused("This is no class kit.", where=where, next_step=FOREIGN)
        if head.schema > KIT_SCHEMA:
            raise KitRefused(
                f"The kit was made by fromscratch {clean_line(head.tool_version, 40)}, which writes kits of "
                f"version {head.schema}; this one reads up to {KIT_SCHEMA}.",
                where=where,
                next_step="Install that version of fromscratch, or let the kit be made by this one.",
            )
        return msgspec.json.decode(document, type=KitManifest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise KitRefused(
            f"The kit's list cannot be read: {clean_line(str(error), 200)}.", where=where, next_step=AGAIN
        ) from error


def look_through(manifest: KitManifest, path: Path) -> None:
    """See that a list asks for nothing that no kit may hold.

    Raises:
        KitRefused: it does.
    """

    def refuse(what: str) -> None:
        raise KitRefused(what, where=f"{path}, {MANIFEST}", next_step=FOREIGN)

    members = manifest.members
    if len(members) > MEMBER_LIMIT:
        refuse(f"It names {len(members)} files; {MEMBER_LIMIT} are taken.")
    if any(member.size_bytes < 0 for member in members) or manifest.total_bytes > TOTAL_LIMIT_BYTES:
        refuse(f"It names {manifest.total_bytes} bytes; {TOTAL_LIMIT_BYTES} are taken.")
    names: set[str] = set()
    folders: set[str] = set()
    for member in members:
        if fault := _path_fault(member.path):
            refuse(f"It names {shown_name(member.path)}: {fault}.")
        if member.path in names:
            refuse(f"It names {member.path} twice.")
        names.add(member.path)
        folders |= {str(parent) for parent in PurePosixPath(member.path).parents}
    if names & folders:
        refuse(f"It names {min(names & folders)} both as a file and as a folder.")
    missing = {image.member for image in manifest.images} - names
    if missing or not all(image.member.startswith(IMAGES) for image in manifest.images):
        refuse("It names an image that it does not hold.")


def _path_fault(path: str) -> str:
    plain = PurePosixPath(path)
    if plain.is_absolute() or ".." in plain.parts:
        return "it leads out of the kit's folder"
    if str(plain) != path or "\\" in path or any(ord(each) < 32 or ord(each) == 127 for each in path):
        return "it is no plain path"
    if len(path.encode("utf-8", "replace")) > PATH_LIMIT:
        return "it is too long"
    if path not in (BUSYBOX, APPLETS) and not path.startswith((LESSONS, SERVICE, IMAGES, WHEEL)):
        return "a kit has no place for it"
    return ""


def shown_name(name: str) -> str:
    """A name from a kit, for people."""
    return repr(clean_line(name, 120))
