"""Bytes per Go package: from the symbol table when there is one, else from the line table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tutor.core.anatomy import PackagePart
from tutor.core.text import clean_line

MADE_BY_COMPILER = "(made by the compiler)"
NO_PACKAGE = "(no package name)"
"""Assembly and C: their symbols carry no import path."""

_PACKAGE_LIMIT = 20_000
_NAME_LIMIT = 200
# Since Go 1.20 with a colon, before with a dot: cmd/link, "type:", "go:".
_COMPILER_PREFIXES = ("type:", "type..", "go:", "go.", "gclocals", "runtime.gcbits.", "$f64.", "$f32.")


def package_of(symbol: str) -> str:
    """The import path in a symbol's name: ``net/http`` of ``net/http.(*conn).serve``.

    The path ends at the first dot after its last slash; dots in its last element are written
    ``%2e`` (cmd/internal/objabi, PathToPrefix). Type arguments may hold paths of other packages and
    are cut off first.
    """
    if symbol.startswith(_COMPILER_PREFIXES):
        return MADE_BY_COMPILER
    end = len(symbol)
    for mark in ("[", "(", "{"):
        at = symbol.find(mark, 0, end)
        end = at if at >= 0 else end
    dot = symbol.find(".", symbol.rfind("/", 0, end) + 1, end)
    if dot <= 0:
        return NO_PACKAGE
    return clean_line(symbol[:dot].replace("%2e", "."), _NAME_LIMIT) or NO_PACKAGE


@dataclass(slots=True)
class _Tally:
    code_bytes: int = 0
    data_bytes: int = 0
    function_count: int = 0
    function_bytes: int = 0


@dataclass(slots=True)
class PackageBook:
    """Adds up what belongs to each package."""

    _tallies: dict[str, _Tally] = field(default_factory=dict)

    def _tally(self, symbol: str) -> _Tally:
        package = package_of(symbol)
        if package not in self._tallies and len(self._tallies) >= _PACKAGE_LIMIT:
            package = NO_PACKAGE
        return self._tallies.setdefault(package, _Tally())

    def add_function(self, symbol: str, distance_bytes: int, own_bytes: int = 0) -> None:
        """A function, from its start to that of the next one."""
        tally = self._tally(symbol)
        tally.code_bytes += distance_bytes
        tally.function_bytes += own_bytes
        tally.function_count += 1

    def add_data(self, symbol: str, size_bytes: int) -> None:
        """A variable or constant that lies in the file."""
        self._tally(symbol).data_bytes += size_bytes

    def parts(self) -> tuple[PackagePart, ...]:
        """Largest first, equal ones by name."""
        found = [
            PackagePart(name, each.code_bytes, each.data_bytes, each.function_count, each.function_bytes)
            for name, each in self._tallies.items()
        ]
        return tuple(sorted(found, key=lambda part: (-part.size_bytes, part.name)))


def total_code_bytes(parts: Iterable[PackagePart]) -> int:
    """Code of all packages."""
    return sum(part.code_bytes for part in parts)
