"""What a file in an image is: told by its name, its place, and its first bytes."""

from __future__ import annotations

import re

from tutor.core.image import FileEntry, FileKind

SHELL = "a shell"
BUSYBOX = "a box of shell and tools"
PACKAGE_MANAGER = "a package manager"
TOOLCHAIN = "the Go toolchain"
COMPILER = "a compiler or build tool"
SOURCE = "source code"
CACHE = "a build cache"
LIBRARY = "a library or loader"
TOOL = "a tool"
PROGRAM = "a program that the image does not start"
SCRIPT = "a script"
REPOSITORY = "a repository's own files"
OTHER = "files that are not on the lesson's list"

FORBIDDEN = frozenset(
    {SHELL, BUSYBOX, PACKAGE_MANAGER, TOOLCHAIN, COMPILER, SOURCE, CACHE, PROGRAM, SCRIPT, TOOL, REPOSITORY}
)
"""Kinds that a pattern of a list does not let through; only a list entry without ``*`` does."""

_NAMES = {
    SHELL: "sh ash bash dash zsh ksh mksh fish csh tcsh rbash",
    BUSYBOX: "busybox toybox",
    PACKAGE_MANAGER: "apk apt apt-get apt-cache aptitude dpkg dpkg-deb rpm yum dnf microdnf zypper pacman "
    "pip pip3 npm yarn gem cargo brew",
    COMPILER: "go gofmt gcc g++ cc c++ cpp clang clang++ tcc ld as ar make cmake rustc zig gdb dlv objdump "
    "nm strip",
    TOOL: "curl wget nc ncat ssh scp vi vim nano tar perl python python3 env cat ls sudo su mount git",
}
_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_BY_PLACE = (
    (re.compile(r"/usr/(?:local|lib)/go(?:-[\d.]+)?/"), TOOLCHAIN),
    (re.compile(r"/\.cache/go-build/|/go/pkg/mod/|/go-build\d*/"), CACHE),
    (
        re.compile(r"^/(?:etc|lib|usr/lib|var/cache|var/lib)/(?:apk|apt|dpkg|rpm|yum|pacman)/"),
        PACKAGE_MANAGER,
    ),
    (re.compile(r"/\.git/|/\.github/|/\.dockerignore$|/Dockerfile[^/]*$"), REPOSITORY),
    (re.compile(r"/vendor/modules\.txt$|/go\.(?:mod|sum|work|work\.sum)$"), SOURCE),
    (re.compile(r"\.(?:go|c|cc|cpp|h|hpp|rs|java|s|S|py|ts|tmpl)$"), SOURCE),
    (re.compile(r"\.so(?:\.[\d.]+)?$|\.a$|/ld-(?:linux|musl)[^/]*$"), LIBRARY),
)


def kind_of(entry: FileEntry, looks_like: str = "") -> str:
    """What a file is. ``looks_like`` is what its bytes were recognised as."""
    if looks_like == "BusyBox":
        return BUSYBOX
    if looks_like:
        return SHELL
    for pattern, kind in _BY_PLACE:
        if pattern.search(entry.path):
            return kind
    name = entry.path.rpartition("/")[2]
    # A folder of notes may be called "go"; a program, a script or a link is what it is called.
    runnable = entry.content in ("elf", "script") or entry.kind in (FileKind.SYMLINK, FileKind.HARDLINK)
    if name in _BY_NAME and (runnable or entry.mode & 0o111):
        return _BY_NAME[name]
    if entry.content == "elf":
        return PROGRAM
    if entry.content == "script":
        return SCRIPT
    return LIBRARY if entry.content == "ar" else OTHER


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A path pattern: ``*`` and ``?`` stay within one folder, ``**`` goes through all below."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern if pattern.startswith("/") else f"/{pattern}")
    words = {"**": ".*", "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts) + r"\Z")
