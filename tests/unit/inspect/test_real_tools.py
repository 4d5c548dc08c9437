"""What is told of the course's own service, against the tools that others use for it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from tutor.core.anatomy import BinaryAnatomy, PackageSource, SectionGroup
from tutor.inspect.binary import read_binary
from tutor.inspect.package import package_of

Compiled = Callable[[str], Path]
GoTool = Callable[..., str]
pytestmark = pytest.mark.embedded


def opened(path: Path) -> BinaryAnatomy:
    with path.open("rb") as file:
        found = read_binary(file, str(path))
    assert found is not None
    assert sum(part.size_bytes for part in found.sections) == path.stat().st_size
    return found


def readelf_sections(program: Path) -> Counter[tuple[str, int]]:
    """Name and length of every section that lies in the file, as ``readelf -S -W`` prints them."""
    text = subprocess.run(
        ["readelf", "-S", "-W", str(program)], check=True, capture_output=True, text=True, env={"LC_ALL": "C"}
    ).stdout
    row = re.compile(r"^\s*\[\s*\d+\]\s+(\S+)\s+(\S+)\s+[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s", re.MULTILINE)
    return Counter(
        (name, int(size, 16)) for name, kind, size in row.findall(text) if kind != "NOBITS" and int(size, 16)
    )


def test_sections_agree_with_readelf(
    service: Compiled, compiled: Compiled, engine_is_missing: Callable[[str], NoReturn]
) -> None:
    if shutil.which("readelf") is None:
        engine_is_missing("readelf is missing: install binutils")
    for program in (service("plain"), service("stripped"), compiled("pie"), compiled("arm64")):
        found = opened(program)
        named = [part for part in found.sections if not part.name.startswith("(")]
        assert Counter((part.name, part.size_bytes) for part in named) == readelf_sections(program)


def test_build_info_agrees_with_go_version(service: Compiled, go_tool: GoTool) -> None:
    for flavour in ("plain", "stripped"):
        program = service(flavour)
        told = go_tool("version", "-m", str(program))
        go = opened(program).go
        assert go is not None
        assert told.splitlines()[0] == f"{program}: {go.version}"
        settings = re.findall(r"^\tbuild\t([^=]+)=(.*)$", told, re.MULTILINE)
        assert [(key, value.strip('"')) for key, value in settings] == list(go.settings)
        assert re.findall(r"^\tmod\t(\S+)", told, re.MULTILINE) == [go.main_module]


def nm_functions(go_tool: GoTool, program: Path) -> dict[str, tuple[int, int]]:
    """Count and bytes of the functions of each package, by ``go tool nm -size``."""
    totals: dict[str, tuple[int, int]] = {}
    for line in go_tool("tool", "nm", "-size", str(program)).splitlines():
        _, size, kind, name = line.split(maxsplit=3)
        if kind in "Tt" and int(size):
            count, total = totals.get(package_of(name), (0, 0))
            totals[package_of(name)] = (count + 1, total + int(size))
    return totals


def test_functions_per_package_agree_with_go_tool_nm(service: Compiled, go_tool: GoTool) -> None:
    found = opened(service("plain"))
    assert found.source is PackageSource.SYMBOLS
    ours = {
        part.name: (part.function_count, part.function_bytes)
        for part in found.packages
        if part.function_count
    }
    assert ours == nm_functions(go_tool, service("plain"))
    # What is beyond the functions' own lengths is padding up to the next one.
    assert all(part.function_bytes <= part.code_bytes for part in found.packages)


@pytest.mark.parametrize("flavour", ["plain", "stripped"])
def test_packages_and_what_belongs_to_none_are_all_the_code_and_data(service: Compiled, flavour: str) -> None:
    found = opened(service(flavour))
    packages = sum(part.size_bytes for part in found.packages)
    rest = found.unattributed_code_bytes + found.unattributed_data_bytes
    assert packages + rest == found.group_bytes(SectionGroup.CODE, SectionGroup.READ_ONLY, SectionGroup.DATA)
    assert 0 <= found.unattributed_code_bytes < 4096


def test_the_line_table_gives_each_large_package_within_five_per_cent_of_the_symbols(
    service: Compiled,
) -> None:
    plain, stripped = opened(service("plain")), opened(service("stripped"))
    assert (plain.source, stripped.source) == (PackageSource.SYMBOLS, PackageSource.LINE_TABLE)
    by_line_table = {part.name: part.code_bytes for part in stripped.packages}
    largest = sorted(plain.packages, key=lambda part: -part.code_bytes)[:10]
    assert len(largest) == 10
    for part in largest:
        assert by_line_table[part.name] == pytest.approx(part.code_bytes, rel=0.05), part.name


def test_without_section_headers_the_line_table_is_found_by_its_mark(
    service: Compiled, tmp_path: Path
) -> None:
    data = bytearray(service("stripped").read_bytes())
    data[40:48] = bytes(8)
    data[60:64] = bytes(4)
    bare = tmp_path / "bare"
    bare.write_bytes(data)
    found = opened(bare)
    assert found.source is PackageSource.LINE_TABLE
    whole = opened(service("stripped"))
    assert {part.name: part.code_bytes for part in found.packages} == {
        part.name: part.code_bytes for part in whole.packages
    }
