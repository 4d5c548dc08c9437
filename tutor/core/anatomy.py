"""Where every byte of an image or a program lies, as plain values.

Sizes are in bytes and are never rounded: the parts of a thing add up to the thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tutor.core.image import ElfFacts, FileKind, GoBuildInfo, ImageConfig


class SectionGroup(StrEnum):
    """What a part of a program is for, in a learner's words."""

    CODE = "code"
    READ_ONLY = "read-only data"
    DATA = "data"
    LINE_TABLE = "line table"
    """Function names, files and lines: what a stack trace is made of. Stripping leaves it."""
    SYMBOLS = "symbols"
    DEBUG = "debug"
    LOADER = "for the loader"
    OTHER = "other records"
    PADDING = "headers and padding"


@dataclass(frozen=True, slots=True)
class SectionPart:
    """A stretch of a program's file: a section, or what lies between sections."""

    name: str
    """As the file calls it; of headers and gaps, what they are."""
    group: SectionGroup
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PackagePart:
    """What one Go package brings into a program."""

    name: str
    """Its import path. In brackets where the bytes belong to no package."""
    code_bytes: int
    """By the distance from each function to the next, so that padding counts where it arises."""
    data_bytes: int
    """By symbols; 0 when there are none."""
    function_count: int
    function_bytes: int
    """The functions' own lengths, without padding; 0 when only the line table tells of them."""

    @property
    def size_bytes(self) -> int:
        """Code and data."""
        return self.code_bytes + self.data_bytes


class PackageSource(StrEnum):
    """What bytes per package were read from."""

    SYMBOLS = "symbols"
    LINE_TABLE = "line table"
    NONE = "nothing"


@dataclass(frozen=True, slots=True)
class BinaryAnatomy:
    """One program."""

    path: str
    elf: ElfFacts
    go: GoBuildInfo | None
    sections: tuple[SectionPart, ...]
    """In the order of the file; their sizes add up to the file's."""
    packages: tuple[PackagePart, ...]
    """Largest first."""
    source: PackageSource
    notes: tuple[str, ...] = ()
    """What could not be told, and why."""
    sha256: str = ""
    """Empty where it was not computed."""
    packed_bytes: int | None = None
    """The file compressed. None unless it was asked for."""

    @property
    def size_bytes(self) -> int:
        """Bytes of the file."""
        return self.elf.size_bytes

    def group_bytes(self, *groups: SectionGroup) -> int:
        """Bytes of all parts in these groups."""
        return sum(part.size_bytes for part in self.sections if part.group in groups)

    @property
    def unattributed_code_bytes(self) -> int:
        """Code that belongs to no function anything tells of."""
        return self.group_bytes(SectionGroup.CODE) - sum(part.code_bytes for part in self.packages)

    @property
    def unattributed_data_bytes(self) -> int:
        """Data, read-only or not, that no symbol names."""
        known = sum(part.data_bytes for part in self.packages)
        return self.group_bytes(SectionGroup.READ_ONLY, SectionGroup.DATA) - known


class Change(StrEnum):
    """What a layer does to a name."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One name in one layer."""

    path: str
    change: Change
    kind: FileKind
    size_bytes: int
    """What it costs in this layer; 0 for a removal, a folder and a hard link."""
    before_bytes: int = 0
    """What the lower layers' file of this name, or all below a removed folder, had cost."""


class WasteReason(StrEnum):
    """Why a file that is shipped cannot be seen."""

    REMOVED = "removed later"
    OVERWRITTEN = "overwritten later"
    SAME_AGAIN = "stored again, unchanged"
    """The same bytes: only the owner, the rights or the time differ."""


@dataclass(frozen=True, slots=True)
class Waste:
    """A file that every pull ships and no container sees."""

    path: str
    size_bytes: int
    layer: int
    """Index of the layer that holds it."""
    hidden_by: int
    """Index of the layer that hides it."""
    reason: WasteReason


@dataclass(frozen=True, slots=True)
class LayerAnatomy:
    """One layer."""

    diff_id: str
    created_by: str
    """The instruction that made it, as the history tells."""
    unpacked_bytes: int
    wasted_bytes: int
    """Of these, what a later layer hides."""
    changes: tuple[FileChange, ...]
    """In the order of their paths."""


@dataclass(frozen=True, slots=True)
class VisibleFile:
    """A file or symbolic link that a container sees, and that costs bytes."""

    path: str
    size_bytes: int
    layer: int
    content: str = ""
    """What its first bytes say: ``elf``, ``script``, …; else empty."""


class PartKind(StrEnum):
    """What bytes of an image are, in the order a waterfall tells them."""

    BASE = "base system"
    TOOLCHAIN = "toolchain"
    CACHE = "build cache"
    MODULES = "module cache"
    SOURCE = "source"
    HIDDEN = "hidden copies"
    """Files that a later layer removes or overwrites."""
    OTHER = "other files"
    SYMBOLS = "symbol table"
    DEBUG = "debug records"
    LINE_TABLE = "line table"
    DATA = "data of the program"
    CODE = "code of the program"


@dataclass(frozen=True, slots=True)
class ImagePart:
    """The bytes of one kind in one layer."""

    kind: PartKind
    layer: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImageAnatomy:
    """One image, opened."""

    name: str
    image_id: str
    config: ImageConfig
    unpacked_bytes: int
    layers: tuple[LayerAnatomy, ...]
    """Oldest first."""
    files: tuple[VisibleFile, ...]
    """Largest first."""
    file_count: int
    wasted: tuple[Waste, ...]
    """Largest first."""
    binaries: tuple[BinaryAnatomy, ...]
    """The program that the image starts first, then those that were built in it."""
    parts: tuple[ImagePart, ...]
    """Every byte once: they add up to ``unpacked_bytes``."""
    start_path: str = ""
    """The file that the start command names, if the image holds it."""
    start_program: BinaryAnatomy | None = None
    """That file as a program, also where it is part of a base system."""
    user_id: int | None = None
    """Who it runs as, by its own ``/etc/passwd``; None when that does not name its user."""
    packed_bytes: int | None = None
    """About what a registry ships. None unless it was asked for."""
    listed_bytes: int | None = None
    """What the engine's own list shows. None for an archive."""
    notes: tuple[str, ...] = ()

    @property
    def wasted_bytes(self) -> int:
        """What is shipped and cannot be seen."""
        return sum(layer.wasted_bytes for layer in self.layers)

    @property
    def efficiency_percent(self) -> float:
        """How much of what is shipped a container can see."""
        if not self.unpacked_bytes:
            return 100.0
        return 100 * (1 - self.wasted_bytes / self.unpacked_bytes)

    @property
    def shown_programs(self) -> tuple[BinaryAnatomy, ...]:
        """The program that it starts, then those that were built in it."""
        started = self.start_program
        return self.binaries if started is None or started in self.binaries else (started, *self.binaries)

    @property
    def program(self) -> BinaryAnatomy | None:
        """The program that the image starts, or the only one that was built in it."""
        return self.binaries[0] if self.binaries else None
