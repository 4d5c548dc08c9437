"""What the bytes of an image are: base system, toolchain, caches, source, and the program by parts."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from tutor.core.anatomy import BinaryAnatomy, ImagePart, PartKind, SectionGroup
from tutor.core.image import FileKind, ImageConfig
from tutor.inspect.layer import Layer, LayerFile, clean_path

_SYSTEM_FOLDERS = frozenset(
    {"bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "linuxrc", "media", "mnt", "opt"}
    | {"proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var"}
)
_SYSTEM_NAMES = 10
_CACHE_MARKS = ("/.cache/go-build/", "/go-build-cache/")
_MODULE_MARK = "/pkg/mod/"
_SOURCE_NAMES = frozenset({"go.mod", "go.sum", "go.work", "go.work.sum", "Dockerfile"})
_KIND_OF_GROUP = {
    SectionGroup.SYMBOLS: PartKind.SYMBOLS,
    SectionGroup.DEBUG: PartKind.DEBUG,
    SectionGroup.LINE_TABLE: PartKind.LINE_TABLE,
    SectionGroup.CODE: PartKind.CODE,
}


def program_parts(binary: BinaryAnatomy) -> dict[PartKind, int]:
    """The bytes of a program by kind. They add up to its file."""
    totals: dict[PartKind, int] = {}
    for part in binary.sections:
        kind = _KIND_OF_GROUP.get(part.group, PartKind.DATA)
        totals[kind] = totals.get(kind, 0) + part.size_bytes
    return totals


@dataclass(frozen=True, slots=True)
class PathKinds:
    """Tells what a path of one image is, by where Go and its settings put things."""

    toolchain_roots: tuple[str, ...]
    caches: tuple[str, ...]
    modules: tuple[str, ...]
    has_system: bool
    """Whether the image stands on a system: without one, a certificate in ``/etc`` is no base."""

    def kind(self, path: str) -> PartKind:
        """The kind of a file that is not the program."""
        shown = f"/{path}"
        if path.startswith(self.caches) or any(mark in shown for mark in _CACHE_MARKS):
            return PartKind.CACHE
        if path.startswith(self.modules) or _MODULE_MARK in shown:
            return PartKind.MODULES
        if path.startswith(self.toolchain_roots):
            return PartKind.TOOLCHAIN
        name = path.rpartition("/")[2]
        if name in _SOURCE_NAMES or name.endswith(".go"):
            return PartKind.SOURCE
        if self.has_system and path.partition("/")[0] in _SYSTEM_FOLDERS:
            return PartKind.BASE
        return PartKind.OTHER


def path_kinds(view: Mapping[str, LayerFile], layers: list[Layer], config: ImageConfig) -> PathKinds:
    """Look for toolchains, caches and a base system in an image."""
    settings = dict(setting.partition("=")[::2] for setting in config.env)
    roots = [
        f"{path.removesuffix('bin/go')}"
        for path in view
        if path.endswith("/bin/go") and f"{path.removesuffix('bin/go')}src/runtime" in view
    ]
    lowest = layers[0].files if layers else {}
    system = sum(
        path.partition("/")[0] in _SYSTEM_FOLDERS and entry.kind is not FileKind.DIRECTORY
        for path, entry in lowest.items()
    )
    return PathKinds(
        tuple(root for root in roots if root),
        _folders(settings.get("GOCACHE")),
        _folders(settings.get("GOMODCACHE")),
        system >= _SYSTEM_NAMES,
    )


def _folders(setting: str | None) -> tuple[str, ...]:
    cleaned = clean_path(setting or "")
    return (f"{cleaned}/",) if cleaned else ()


def find_parts(
    layers: list[Layer], seen: Container[int], kinds: PathKinds, programs: Mapping[int, BinaryAnatomy]
) -> tuple[ImagePart, ...]:
    """Every byte of the image under a kind and the layer that holds it.

    ``programs`` are those that were built here, by the ``id`` of their entry.
    """
    totals: dict[tuple[PartKind, int], int] = {}
    for index, layer in enumerate(layers):
        for path, entry in layer.files.items():
            cost = entry.cost_bytes
            if not cost:
                continue
            if id(entry) not in seen:
                shares: Iterable[tuple[PartKind, int]] = ((PartKind.HIDDEN, cost),)
            elif (binary := programs.get(id(entry))) is not None:
                shares = program_parts(binary).items()
            else:
                shares = ((kinds.kind(path), cost),)
            for kind, size in shares:
                totals[kind, index] = totals.get((kind, index), 0) + size
    order = list(PartKind)
    return tuple(
        ImagePart(kind, layer, size)
        for (kind, layer), size in sorted(
            totals.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    )
