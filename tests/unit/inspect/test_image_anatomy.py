from __future__ import annotations

import gzip
import io
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tests.unit.inspect.elf_file import Elf, elf_bytes
from tests.unit.inspect.go_program import go_program
from tests.unit.inspect.image_archive import (
    Name,
    file,
    folder,
    hardlink,
    legacy,
    oci,
    one_way,
    symlink,
    tar,
    unpack_into,
)
from tutor.core.anatomy import BinaryAnatomy, Change, FileChange, ImageAnatomy, PartKind, WasteReason
from tutor.core.errors import InspectError
from tutor.core.image import FileKind, ImageConfig
from tutor.inspect.compression import unpacked
from tutor.inspect.image import read_image_anatomy
from tutor.inspect.source import read_path
from tutor.inspect.stream import open_reader

CONFIG = ImageConfig(entrypoint=("/app",))
Shape = Callable[[list[bytes]], bytes]
SHAPES = pytest.mark.parametrize(
    "shape",
    [legacy, oci, lambda layers: oci(layers, packed="gzip"), lambda layers: oci(layers, packed="zstd")],
    ids=["docker save", "oci", "oci gzip", "oci zstd"],
)


def opened(layers: list[list[Name]], config: ImageConfig = CONFIG, shape: Shape = legacy) -> ImageAnatomy:
    archive = one_way(shape([tar(names) for names in layers]))
    found = read_image_anatomy(archive, config, name="test", image_id="")
    # However the image is cut, the parts are the whole.
    assert sum(layer.unpacked_bytes for layer in found.layers) == found.unpacked_bytes
    assert sum(part.size_bytes for part in found.parts) == found.unpacked_bytes
    visible = sum(each.size_bytes for each in found.files)
    assert visible + sum(waste.size_bytes for waste in found.wasted) == found.unpacked_bytes
    assert found.wasted_bytes == sum(waste.size_bytes for waste in found.wasted)
    return found


def changes(found: ImageAnatomy, layer: int) -> dict[str, tuple[Change, int, int]]:
    return {
        each.path: (each.change, each.size_bytes, each.before_bytes) for each in found.layers[layer].changes
    }


class TestChanges:
    def test_names_are_added_changed_and_removed(self) -> None:
        found = opened(
            [
                [folder("etc/"), file("etc/a", b"1" * 10), file("etc/b", b"2" * 20), file("etc/c", b"3")],
                [folder("etc/"), file("etc/a", b"4" * 15), file("etc/.wh.b"), file("new", b"5" * 5)],
            ]
        )
        assert changes(found, 1) == {
            "/etc/a": (Change.CHANGED, 15, 10),
            "/etc/b": (Change.REMOVED, 0, 20),
            "/new": (Change.ADDED, 5, 0),
        }
        assert {(waste.path, waste.reason, waste.hidden_by) for waste in found.wasted} == {
            ("/etc/b", WasteReason.REMOVED, 1),
            ("/etc/a", WasteReason.OVERWRITTEN, 1),
        }
        assert found.layers[0].wasted_bytes == 30
        assert found.efficiency_percent == pytest.approx(100 * (1 - 30 / found.unpacked_bytes))

    def test_a_removed_folder_is_one_change_that_tells_what_was_in_it(self) -> None:
        found = opened(
            [[folder("cache/"), file("cache/x", b"x" * 7), file("cache/y/z", b"z" * 8)], [file(".wh.cache")]]
        )
        assert found.layers[1].changes == (FileChange("/cache", Change.REMOVED, FileKind.DIRECTORY, 0, 15),)
        assert found.wasted_bytes == 15

    def test_an_emptied_folder_loses_what_lower_layers_had_in_it(self) -> None:
        found = opened(
            [
                [folder("d/"), file("d/old", b"o" * 9), file("d/both", b"b" * 4)],
                [folder("d/"), file("d/.wh..wh..opq"), file("d/both", b"c" * 6)],
            ]
        )
        assert changes(found, 1) == {
            "/d/old": (Change.REMOVED, 0, 9),
            "/d/both": (Change.CHANGED, 6, 4),
        }

    def test_the_same_bytes_under_another_owner_are_told_as_that(self) -> None:
        found = opened([[file("app", b"#!" * 500)], [Name("app", b"#!" * 500, mode=0o755, uid=65532)]])
        assert [(waste.reason, waste.size_bytes) for waste in found.wasted] == [
            (WasteReason.SAME_AGAIN, 1000)
        ]

    def test_other_bytes_of_the_same_length_are_an_overwritten_file(self) -> None:
        found = opened([[file("app", b"one" * 9)], [file("app", b"two" * 9)]])
        assert found.wasted[0].reason is WasteReason.OVERWRITTEN

    def test_bytes_stay_seen_as_long_as_a_hard_link_leads_to_them(self) -> None:
        layers = [[file("first", b"x" * 50), hardlink("second", "first")], [file(".wh.first")]]
        assert opened(layers).wasted_bytes == 0
        assert opened([*layers, [file(".wh.second")]]).wasted_bytes == 50
        named = opened([layers[0], [file("first", b"y" * 10)]])
        assert {each.path: each.size_bytes for each in named.files} == {"/second": 50, "/first": 10}

    def test_a_folder_that_becomes_a_file_hides_all_below_it(self) -> None:
        found = opened([[folder("x/"), file("x/a", b"a" * 30)], [file("x", b"now a file")]])
        assert found.wasted_bytes == 30
        assert changes(found, 1) == {"/x": (Change.CHANGED, 10, 0), "/x/a": (Change.REMOVED, 0, 30)}

    def test_a_layer_that_is_there_twice_counts_twice(self) -> None:
        layer = [file("same", b"s" * 40)]
        found = opened([layer, layer])
        assert (found.unpacked_bytes, found.wasted_bytes) == (80, 40)


class TestParts:
    def test_a_builder_falls_into_system_toolchain_cache_source_and_program(self) -> None:
        system = [file(f"bin/tool{number}", b"t" * 10) for number in range(12)]
        toolchain = [
            file("usr/local/go/bin/go", b"g" * 100),
            folder("usr/local/go/src/runtime/"),
            file("usr/local/go/src/runtime/proc.go", b"r" * 50),
        ]
        program = go_program()
        found = opened(
            [
                system + toolchain,
                [file("src/main.go", b"m" * 7), file("src/go.mod", b"n" * 3)],
                [file("root/.cache/go-build/00/a", b"c" * 70), file("app", program, 0o755)],
                [file("go/pkg/mod/example.com/x.go", b"d" * 5), file("notes", b"e" * 4)],
            ]
        )
        totals: dict[PartKind, int] = {}
        for part in found.parts:
            totals[part.kind] = totals.get(part.kind, 0) + part.size_bytes
        program_parts = {PartKind.SYMBOLS, PartKind.DEBUG, PartKind.LINE_TABLE, PartKind.DATA, PartKind.CODE}
        assert {kind: size for kind, size in totals.items() if kind not in program_parts} == {
            PartKind.BASE: 120,
            PartKind.TOOLCHAIN: 150,
            PartKind.SOURCE: 10,
            PartKind.CACHE: 70,
            PartKind.MODULES: 5,
            PartKind.OTHER: 4,
        }
        assert sum(totals[kind] for kind in program_parts) == len(program)
        assert found.program is not None
        assert found.program.path == "/app"

    def test_certificates_alone_are_no_base_system(self) -> None:
        found = opened([[file("etc/ssl/certs/ca.crt", b"c" * 90), file("app", go_program(), 0o755)]])
        assert PartKind.BASE not in {part.kind for part in found.parts}

    def test_a_hidden_copy_of_the_program_is_a_part_of_its_own(self) -> None:
        found = opened([[file("app", go_program(), 0o644)], [file("app", go_program(), 0o755)]])
        hidden = [part for part in found.parts if part.kind is PartKind.HIDDEN]
        assert [(part.layer, part.size_bytes) for part in hidden] == [(0, len(go_program()))]

    def test_a_damaged_program_is_told_and_still_counted(self) -> None:
        found = opened([[file("app", b"\x7fELF" + b"\xff" * 400, 0o755)]])
        assert found.binaries == ()
        assert found.notes[0].startswith("/app: ")


@SHAPES
def test_every_shape_of_archive_is_opened_from_a_path_with_the_same_answer(
    shape: Shape, tmp_path: Path
) -> None:
    layers = [tar([file("a", b"1" * 1000), symlink("b", "a")]), tar([file("app", go_program(), 0o755)])]
    archive = shape(layers)
    saved = tmp_path / "image.tar"
    saved.write_bytes(archive)
    laid_out = unpack_into(tmp_path / "layout", archive)
    for path in (saved, laid_out):
        found = read_path(path)
        assert isinstance(found, ImageAnatomy)
        assert found.unpacked_bytes == 1001 + len(go_program())
        assert [layer.created_by for layer in found.layers] == ["step 0", "step 1"]
        assert [part.size_bytes for part in found.parts][:1] == [1001]
        # Compressed layers tell their packed size for nothing.
        assert (found.packed_bytes is None) == (shape in (legacy, oci))


def test_a_program_is_opened_from_a_path_with_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "app"
    path.write_bytes(go_program())
    found = read_path(path)
    assert isinstance(found, BinaryAnatomy)
    assert (found.size_bytes, len(found.sha256)) == (len(go_program()), 64)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "an empty file"),
        (b"MZ\x90\0", "for Windows"),
        (b"\xcf\xfa\xed\xfe", "for macOS"),
        (b"#!/bin/sh\n", "a script"),
        (b"PK\x03\x04rest", "a zip file"),
        (b"BZh9rest", "compressed with bzip2"),
        (b"just words", "of another kind"),
        (b"\x1f\x8b\x08rest of no gzip", "damaged"),
    ],
)
def test_what_is_neither_program_nor_image_is_named(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "thing"
    path.write_bytes(data)
    with pytest.raises(InspectError, match=why):
        read_path(path)


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InspectError, match=r"no index\.json"):
        read_path(tmp_path)


def test_links_out_of_a_layout_are_not_followed(tmp_path: Path) -> None:
    layout = unpack_into(tmp_path / "layout", oci([tar([file("a", b"1")])]))
    (layout / "elsewhere").symlink_to("/etc/passwd")
    found = read_path(layout)
    assert isinstance(found, ImageAnatomy)
    assert found.unpacked_bytes == 1


def test_opening_stops_when_told() -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(InspectError, match="was stopped"):
        read_image_anatomy(io.BytesIO(legacy([tar([])])), CONFIG, name="", image_id="", cancelled=cancelled)


def test_a_compressed_archive_is_read_like_a_plain_one(tmp_path: Path) -> None:
    path = tmp_path / "image.tar.gz"
    path.write_bytes(gzip.compress(legacy([tar([file("a", b"abc")])])))
    found = read_path(path)
    assert isinstance(found, ImageAnatomy)
    assert found.unpacked_bytes == 3


def test_the_user_is_looked_up_in_the_newest_passwd_of_the_image() -> None:
    layers = [[file("etc/passwd", b"app:x:0:0::/:\n")], [file("etc/passwd", b"app:x:7:7::/:\n")]]
    app = ImageConfig(user="app")
    assert opened(layers[:1], app).user_id == 0
    assert opened(layers, app).user_id == 7
    assert opened([*layers, [file("etc/.wh.passwd")]], app).user_id is None


def test_a_program_of_the_base_system_is_the_one_that_the_image_starts() -> None:
    system = [file(f"bin/tool{number}", b"t" * 20) for number in range(12)]
    shell = file("bin/sh", elf_bytes(Elf()), 0o755)
    found = opened([[*system, shell]], ImageConfig(command=("sh",)))
    assert found.program is None
    assert found.start_program is not None
    assert [each.path for each in found.shown_programs] == ["/bin/sh"]


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("checksum", [True, False])
def test_zstd_that_was_cut_anywhere_is_told_as_cut(frames: int, checksum: bool) -> None:
    # What does not compress makes many blocks; what repeats makes runs.
    plain = tar([file("a", random.Random(1).randbytes(300_000)), file("b", b"b" * 300_000)])
    compressor = zstandard.ZstdCompressor(write_checksum=checksum)
    step = len(plain) // frames + 1
    pieces = [plain[begin : begin + step] for begin in range(0, len(plain), step)]
    packed = b"".join(map(compressor.compress, pieces)) + b"\x50\x2a\x4d\x18\x03\0\0\0abc"

    def read(data: bytes) -> bytes:
        reader = unpacked(open_reader(io.BytesIO(data)), len(data), "zstd")
        return b"".join(iter(lambda: reader.some(1 << 20), b""))

    assert read(packed) == plain
    edges = {len(b"".join(map(compressor.compress, pieces[:count]))) for count in range(frames + 1)}
    for length in {1, 4, 5, 9, 12, 1_000, 140_000, 299_999, len(packed) - 1, len(packed) - 13} - edges:
        with pytest.raises(InspectError, match="ends in the middle"):
            read(packed[:length])
