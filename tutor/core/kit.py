"""A class kit: what a course needs from the network, in one file, and such a kit as it lies here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tutor.core.base import normalised

KIT_SCHEMA = 1
KIT_KIND = "fromscratch class kit"
KIT_SUFFIX = ".fsk.tar"

LESSONS = "lessons/"
SERVICE = "service/"
IMAGES = "images/"
WHEEL = "wheel/"
BUSYBOX = "busybox/busybox"
APPLETS = "busybox/applets"
"""Where its programs belong, one path a line: a busybox out of a kit is not run on this machine to tell."""


@dataclass(frozen=True, slots=True)
class KitMember:
    """One file of a kit."""

    path: str
    sha256: str
    size_bytes: int
    executable: bool = False


@dataclass(frozen=True, slots=True)
class KitImage:
    """A base image that a kit holds, as ``docker save`` wrote it."""

    reference: str
    architecture: str
    member: str
    """The path of its archive in the kit."""


@dataclass(frozen=True, slots=True)
class KitManifest:
    """The first file of a kit. Holds no absolute path and nothing of the environment."""

    kind: str
    schema: int
    tool_version: str
    made_at: str
    architecture: str
    """Of the Go toolchain and the busybox; of an image see there."""
    members: tuple[KitMember, ...]
    """Everything else in the kit, in the order it comes."""
    lessons: tuple[str, ...] = ()
    """Slugs, in order."""
    own_lessons: bool = False
    """Whether they are a course of somebody's own rather than those that come with the tutor."""
    images: tuple[KitImage, ...] = ()
    go_version: str = ""
    """Of the wheel; empty when the kit brings none."""
    stand_ins: tuple[str, ...] = ()
    """Base images for which the wheel and the busybox make a stand-in."""

    @property
    def total_bytes(self) -> int:
        """Of all members."""
        return sum(member.size_bytes for member in self.members)

    @property
    def wheel(self) -> str:
        """The path of the Go wheel; empty when there is none."""
        return next((each.path for each in self.members if each.path.startswith(WHEEL)), "")


@dataclass(frozen=True, slots=True)
class Kit:
    """A kit that was imported: checked, unpacked, and kept in a folder of ours."""

    kit_id: str
    """SHA-256 of its manifest, in hex; so of everything in it."""
    folder: Path
    manifest: KitManifest

    @property
    def name(self) -> str:
        """Short enough to be read out in class."""
        return short_id(self.kit_id)

    @property
    def site(self) -> Path:
        """The unpacked Go wheel, laid out as in a Python environment."""
        return self.folder / "site"

    @property
    def busybox(self) -> Path | None:
        """A static busybox; None when the kit brings none."""
        path = self.folder / BUSYBOX
        return path if path.is_file() else None

    @property
    def applets(self) -> tuple[str, ...]:
        """The paths, without a slash in front, at which its busybox belongs: ``bin/sh``, ``usr/bin/env``."""
        try:
            lines = (self.folder / APPLETS).read_text("ascii").split()
        except (OSError, UnicodeError):
            return ("bin/sh",)
        return tuple(line for line in lines if ".." not in line.split("/") and not line.startswith("/"))

    @property
    def lessons(self) -> Path:
        """The folder of its lessons."""
        return self.folder / LESSONS.rstrip("/")

    @property
    def service(self) -> Path:
        """The folder of the service that its lessons build."""
        return self.folder / SERVICE.rstrip("/")

    def image(self, reference: str, architecture: str) -> KitImage | None:
        """The base image of this name for this architecture; None when the kit has not got it."""
        for image in self.manifest.images:
            same = normalised(image.reference) == normalised(reference) and image.architecture == architecture
            if same and self.archive(image).is_file():
                return image
        return None

    def archive(self, image: KitImage) -> Path:
        """Where the archive of an image lies."""
        return self.folder / image.member

    def serves(self, reference: str, architecture: str, *, images: bool) -> bool:
        """Whether a base comes out of this kit with no network: as it is (``images``), or as a stand-in."""
        if images and self.image(reference, architecture) is not None:
            return True
        stand_ins = {normalised(each) for each in self.manifest.stand_ins}
        return normalised(reference) in stand_ins and self.manifest.architecture == architecture


def short_id(kit_id: str) -> str:
    """The first twelve digits, in fours."""
    return "-".join(kit_id[at : at + 4] for at in range(0, 12, 4))
