"""The simple commands of a RUN, as far as words tell: what each writes, and what it moves where."""

from __future__ import annotations

import contextlib
import fnmatch
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tutor.core.dockerfile import expand
from tutor.core.errors import DockerfileError
from tutor.core.instruction import Instruction

_SEPARATORS = frozenset({"&&", "||", ";", "|", "&", "(", ")", ";;", "|&"})
_SETTING = re.compile(r"^[A-Za-z_]\w*=")
_BEFORE_COMMANDS = frozenset(
    {"env", "exec", "time", "nice", "sudo", "busybox", "then", "do", "else", "!", "{"}
)
_MOVERS = frozenset({"cp", "mv", "install", "ln"})
_REWRITERS = frozenset({"strip", "objcopy", "upx", "sstrip", "eu-strip", "llvm-strip"})
_ONLY_TOUCH = frozenset(
    {"chmod", "chown", "chgrp", "ls", "test", "[", "stat", "file", "rm", "mkdir", "touch", "du", "echo"}
    | {"cat", "head", "tail", "wc", "sha256sum", "ldd", "readelf", "nm", "go", "cd"}
    | {"objdump", "strings", "size", "printf", "setcap", "unzip"}
)


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command, variables expanded and paths made absolute where it is known from where."""

    words: tuple[str, ...]
    """Without settings before it and without redirections."""
    written: tuple[str, ...]
    """Files that its output goes to, absolute."""
    folder: str
    """Where it runs."""

    @property
    def name(self) -> str:
        """The command without the folder it lies in."""
        return posixpath.basename(self.words[0]) if self.words else ""

    @property
    def compiles(self) -> bool:
        """Whether it is ``go build`` or ``go install``."""
        return self.name == "go" and any(word in ("build", "install") for word in self.words[1:4])

    def makes(self, path: str) -> bool:
        """Whether its words say that it writes this file."""
        if path in self.written:
            return True
        if self.compiles:
            return self._compiles_to(path)
        if self.name in _REWRITERS:
            return path in map(self.resolve, self.words[1:])
        if self.name in _MOVERS or self.name in _ONLY_TOUCH:
            return False
        named = [self.resolve(word) for word in self.words[1:] if not word.startswith("-")]
        targets = [
            self.resolve(after)
            for word, after in zip(self.words[1:], self.words[2:], strict=False)
            if word in ("-o", "-d", "-C", "-O")
        ]
        return path in named or any(path.startswith(f"{target.rstrip('/')}/") for target in targets)

    def moved_from(self, path: str) -> str | None:
        """Where ``cp`` or ``mv`` took this file from; None when it did not bring it."""
        if self.name not in _MOVERS:
            return None
        plain = [word for word in self.words[1:] if not word.startswith("-")]
        if len(plain) < 2:
            return None
        return source_of(tuple(map(self.resolve, plain[:-1])), self.resolve(plain[-1]), path)

    def _compiles_to(self, path: str) -> bool:
        written = option(self.words, "-o")
        if written is not None:
            target = self.resolve(written)
            return path == target.rstrip("/") or path.startswith(f"{target.rstrip('/')}/")
        folder = posixpath.dirname(path)
        if "install" in self.words[1:4]:
            return folder.endswith("/bin")
        inside = option(self.words, "-C")
        return folder == (self.resolve(inside) if inside is not None else self.folder)

    def resolve(self, word: str) -> str:
        """A word as an absolute path; a slash at its end stays."""
        return absolute(word, self.folder)


def absolute(word: str, folder: str) -> str:
    """A path seen from a folder; a slash at its end stays."""
    joined = posixpath.normpath(posixpath.join("/", folder, word))
    joined = f"/{joined.lstrip('/')}"
    return f"{joined}/" if word.endswith(("/", "/.")) and joined != "/" else joined


def option(words: tuple[str, ...], name: str) -> str | None:
    """The value of ``-o VALUE`` or ``-o=VALUE``."""
    for word, after in zip(words, (*words[1:], ""), strict=True):
        if word == name:
            return after
        if word.startswith(f"{name}="):
            return word.removeprefix(f"{name}=")
    return None


def source_of(sources: tuple[str, ...], target: str, path: str) -> str | None:
    """What ``path`` was called before ``sources`` were copied to ``target``. All are absolute.

    A name that fits a source is taken for it; a path further below belongs to a folder that was copied.
    """
    folder = target.rstrip("/")
    if path == folder:
        return sources[0].rstrip("/") if len(sources) == 1 else None
    if not path.startswith(f"{folder}/"):
        return None
    below = path[len(folder) + 1 :]
    first, _, rest = below.partition("/")
    for source in sources:
        if fnmatch.fnmatchcase(first, posixpath.basename(source.rstrip("/"))):
            found = posixpath.join(posixpath.dirname(source.rstrip("/")), first)
            return posixpath.join(found, rest) if rest else found
    return posixpath.join(sources[-1], below) if len(sources) == 1 else None


def commands_of(instruction: Instruction, folder: str, variables: Mapping[str, str]) -> Iterator[Command]:
    """The commands of a RUN in their order. What cannot be split is one command of all its words."""
    text = "\n".join(content for _, content in instruction.heredocs) or instruction.value
    if (words_given := instruction.exec_form) is not None:
        if len(words_given) < 3 or words_given[1] != "-c":
            # No shell: nothing is expanded.
            yield Command(words_given[words_given[0].endswith("busybox") :], (), folder)
            return
        text = words_given[2]
    words: list[str] = []
    written: list[str] = []
    for line in text.splitlines():
        redirects = False
        for token in (*_tokens(line), ";"):
            if token in _SEPARATORS:
                command = Command(tuple(words), tuple(written), folder)
                if command.words or command.written:
                    yield command
                if command.name == "cd" and len(command.words) > 1:
                    folder = command.resolve(command.words[1]).rstrip("/") or "/"
                words, written, redirects = [], [], False
            elif token.startswith((">", "<")):
                redirects = token.startswith(">")
            elif redirects:
                written.append(absolute(_expanded(token, variables), folder))
                redirects = False
            elif words or not (_SETTING.match(token) or token in _BEFORE_COMMANDS):
                words.append(_expanded(token, variables))


def _tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return line.split()


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    with contextlib.suppress(DockerfileError):
        return expand(word, variables)
    return word
