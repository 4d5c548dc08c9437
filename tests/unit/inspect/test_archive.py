from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.inspect.elf_file import Elf, elf_bytes, go_build_info
from tests.unit.inspect.image_archive import (
    Name,
    config_json,
    file,
    folder,
    hardlink,
    legacy,
    oci,
    one_way,
    symlink,
    tar,
)
from tutor.core.errors import InspectError
from tutor.core.evidence import ImageEvidence
from tutor.core.image import FileKind, ImageConfig
from tutor.inspect.archive import read_image, read_images, stands_below

APP = elf_bytes(
    Elf(symbols=True, build_info=go_build_info("go1.21.13", "path\ta\nmod\texample.com/a\t(devel)\n"))
)
CONFIG = ImageConfig(entrypoint=("/app",))

SHAPES = pytest.mark.parametrize(
    "shape",
    [
        legacy,
        oci,
        lambda layers: oci(layers, packed="gzip"),
        lambda layers: oci(layers, packed="zstd"),
        lambda layers: oci(layers, docker_manifest=True),
        lambda layers: oci(layers, attested=True),
    ],
    ids=["docker 20.10", "oci", "oci packed", "oci zstd", "docker 25", "oci attested"],
)


def read(
    archive: bytes, config: ImageConfig = CONFIG, *, image_id: str = "", keep: bool = True
) -> ImageEvidence:
    return read_image(one_way(archive), config, image_id=image_id, keep_files=keep)


@SHAPES
def test_every_shape_of_archive_tells_the_same(shape: Callable[[list[bytes]], bytes]) -> None:
    base = tar(
        [folder("etc/"), file("etc/a", b"12345"), file("etc/b", b"x" * 3000), symlink("link", "etc/a")]
    )
    top = tar([file("app", APP, 0o755), file("etc/.wh.b"), hardlink("other", "app")])
    image = read(shape([base, top]), image_id="sha256:nothing")
    assert [entry.path for entry in image.files] == ["/app", "/etc", "/etc/a", "/link", "/other"]
    assert image.file_count == 4
    assert [layer.unpacked_bytes for layer in image.layers] == [3005 + len("etc/a"), len(APP)]
    assert image.unpacked_bytes == sum(layer.unpacked_bytes for layer in image.layers)
    assert [layer.created_by for layer in image.layers] == ["step 0", "step 1"]
    assert image.layers[0].diff_id == f"sha256:{hashlib.sha256(base).hexdigest()}"
    assert image.entrypoint_path == "/app"
    assert image.elf is not None
    assert image.elf.has_symbol_table
    assert image.go is not None
    assert image.go.main_module == "example.com/a"


def test_a_layer_that_occurs_twice_counts_twice() -> None:
    layer = tar([file("a", b"123")])
    other = tar([file("b", b"45")])
    image = read(legacy([layer, other, layer]))
    assert [facts.unpacked_bytes for facts in image.layers] == [3, 2, 3]
    assert image.file_count == 2


def test_records_of_history_that_made_no_layer_are_left_out() -> None:
    history: list[dict[str, object]] = [
        {"created_by": "COPY app /app # buildkit"},
        {"created_by": "ENTRYPOINT", "empty_layer": True},
        {"created_by": "RUN \x1b[31mmake"},
    ]
    image = read(legacy([tar([file("a")]), tar([file("b")])], history))
    assert [layer.created_by for layer in image.layers] == ["COPY app /app # buildkit", "RUN make"]


def test_a_history_that_does_not_fit_tells_nothing() -> None:
    image = read(legacy([tar([file("a")])], [{"created_by": "x"}, {"created_by": "y"}]))
    assert image.layers[0].created_by == ""


def test_a_scratch_image_without_layers_is_empty() -> None:
    image = read(legacy([]))
    assert (image.files, image.unpacked_bytes, image.file_count) == ((), 0, 0)
    assert image.elf is None


def test_an_empty_layer_is_a_layer() -> None:
    assert [layer.file_count for layer in read(oci([tar([]), tar([file("a")])])).layers] == [0, 1]


class TestLayersOverEachOther:
    def paths(self, *layers: list[Name]) -> list[str]:
        return [entry.path for entry in read(legacy([tar(names) for names in layers])).files]

    def test_a_whiteout_removes_a_folder_with_all_below_it(self) -> None:
        assert self.paths([folder("a/"), file("a/b/c"), file("ab")], [file(".wh.a")]) == ["/ab"]

    def test_an_opaque_folder_hides_what_was_in_it_and_keeps_what_it_brings(self) -> None:
        lower = [folder("a/"), file("a/old"), file("a/deep/old")]
        assert self.paths(lower, [folder("a/"), file("a/.wh..wh..opq"), file("a/new")]) == ["/a", "/a/new"]

    def test_a_whiteout_does_not_touch_its_own_layer(self) -> None:
        assert self.paths([file("a", b"1")], [file(".wh.a"), file("a", b"22")]) == ["/a"]

    def test_a_file_in_place_of_a_folder_hides_what_was_in_it(self) -> None:
        assert self.paths([folder("a/"), file("a/b")], [file("a")]) == ["/a"]

    def test_a_folder_named_again_keeps_what_is_in_it(self) -> None:
        assert self.paths([folder("a/"), file("a/b")], [folder("a/")]) == ["/a", "/a/b"]

    def test_a_later_layer_wins_and_says_which_it_is(self) -> None:
        image = read(legacy([tar([file("a", b"1")]), tar([file("a", b"22", 0o600)])]))
        assert [(entry.size_bytes, entry.mode, entry.layer) for entry in image.files] == [(2, 0o600, 1)]
        assert image.unpacked_bytes == 3

    def test_the_marks_of_old_storage_drivers_are_no_files(self) -> None:
        assert self.paths([file(".wh..wh.plnk/1"), file(".wh..wh.aufs"), file("a")])[-1:] == ["/a"]


class TestNames:
    def test_names_are_cleaned_and_never_lead_out_of_the_image(self) -> None:
        layer = tar(
            [file("./a"), file("/b"), file("x/../../../c"), file("d//./e"), folder("./"), file("..f")]
        )
        assert [entry.path for entry in read(legacy([layer])).files] == ["/..f", "/a", "/b", "/c", "/d/e"]

    def test_names_for_people_hold_no_control_sequences(self) -> None:
        layer = tar(
            [file("red\x1b[31m"), file("caf\udce9"), symlink("s", "\x1b]0;title\x07t")], tarfile.GNU_FORMAT
        )
        image = read(legacy([layer]))
        assert [entry.path for entry in image.files] == ["/caf\\xe9", "/red", "/s"]
        assert image.files[2].target == "t"

    def test_a_name_in_one_layer_twice_counts_once(self) -> None:
        image = read(legacy([tar([file("a", b"1"), file("a", b"333")])]))
        assert image.unpacked_bytes == 3

    def test_a_name_longer_than_any_file_system_takes_is_refused(self) -> None:
        with pytest.raises(InspectError, match="longer than any file system"):
            read(legacy([tar([file("a/" * 3000 + "b")])]))

    def test_too_many_names_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tutor.inspect.layer.NAME_LIMIT", 3)
        with pytest.raises(InspectError, match="more than 3 names"):
            read(legacy([tar([file("a"), file("b")]), tar([file("c"), file("d")])]))


class TestContent:
    def test_files_are_recognised_by_their_first_bytes(self) -> None:
        names = [
            file("text", b"hello"),
            file("run", b"#!/bin/sh\n"),
            file("lib.txt", b"!<arch>\nxx"),
            file("data", b"\x1f\x8b\x08abc"),
            file("tiny", b"#"),
            file("program", APP),
        ]
        found = {entry.path: entry.content for entry in read(legacy([tar(names)])).files}
        assert found == {
            "/text": "",
            "/run": "script",
            "/lib.txt": "ar",
            "/data": "archive",
            "/tiny": "",
            "/program": "elf",
        }

    def test_every_program_of_every_layer_is_listed_with_its_digest(self) -> None:
        lower = tar([file("old", APP), file("text", b"x")])
        upper = tar([file(".wh.old"), file("app", APP, 0o755)])
        programs = read(legacy([lower, upper]), keep=False).programs
        expected = hashlib.sha256(APP).hexdigest()
        assert [(program.path, program.layer, program.sha256) for program in programs] == [
            ("/old", 0, expected),
            ("/app", 1, expected),
        ]
        assert programs[0].size_bytes == len(APP)

    @pytest.mark.parametrize("before", [0, 5_000, 6_990, 7_000, 300_000])
    def test_a_busybox_is_known_by_its_bytes_wherever_they_lie(self, before: int) -> None:
        program = APP + b"\0" * before + b"BusyBox v1.36.1 (Debian)" + b"\0" * 50
        image = read(legacy([tar([file("app", program, 0o755)])]))
        assert [found.looks_like for found in image.programs] == ["BusyBox"]

    def test_a_stage_keeps_sizes_and_programs_and_no_listing(self) -> None:
        image = read(legacy([tar([file("a", b"123"), file("app", APP, 0o755)])]), keep=False)
        assert image.files == ()
        assert image.file_count == 2
        assert image.unpacked_bytes == 3 + len(APP)
        assert image.elf is not None


def test_an_image_below_is_read_from_the_same_archive_as_from_its_own() -> None:
    lower = [tar([file("bin/sh", APP, 0o755), file("a", b"123")]), tar([file("app", APP, 0o755)])]
    upper = [*lower, tar([file("bin/.wh.sh", b""), file("b", b"1")]), tar([file("app", b"no program")])]
    digests = tuple(f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in upper)
    whole, half = replace(CONFIG, diff_ids=digests), replace(CONFIG, diff_ids=digests[:2], user="7")
    assert stands_below(half, whole)
    told = read_images(one_way(oci(upper)), {"upper": whole, "lower": half})
    assert told == [
        replace(read(oci(upper), whole), image_id="upper"),
        replace(read(oci(lower), half), image_id="lower"),
    ]
    assert (told[0].file_count, told[1].file_count) == (3, 3)
    assert told[0].elf is None
    assert told[1].elf is not None


@pytest.mark.parametrize(
    "other",
    [
        replace(CONFIG, diff_ids=("2",)),
        replace(CONFIG, diff_ids=("1", "2", "3")),
        replace(CONFIG, diff_ids=()),
        ImageConfig(entrypoint=("/other",), diff_ids=("1",)),
    ],
    ids=["other layers", "more layers", "no layers", "another start"],
)
def test_an_image_that_is_not_below_is_not_told_by_the_archive(other: ImageConfig) -> None:
    assert not stands_below(other, replace(CONFIG, diff_ids=("1", "2")))


def start(layers: list[list[Name]], **config: object) -> ImageEvidence:
    return read(legacy([tar(names) for names in layers]), ImageConfig(**config))  # type: ignore[arg-type]  # each test names the fields it is about


class TestStartCommand:
    def test_links_of_folders_and_files_are_followed_over_layers(self) -> None:
        layers = [
            [symlink("bin", "usr/bin"), symlink("usr/bin/app", "../../srv/current/app")],
            [symlink("srv/current", "/srv/v2"), file("srv/v2/app", APP, 0o755)],
        ]
        image = start(layers, entrypoint=("/bin/app",))
        assert image.entrypoint_path == "/srv/v2/app"
        assert image.elf is not None

    def test_a_hard_link_is_read_as_what_it_names(self) -> None:
        image = start([[file("srv/app", APP, 0o755), hardlink("app", "srv/app")]], entrypoint=("/app",))
        assert image.entrypoint_path == "/app"
        assert image.elf is not None

    def test_a_hard_link_is_read_even_when_its_other_name_is_gone(self) -> None:
        layers = [[file("srv/app", APP, 0o755), hardlink("app", "srv/app")], [file("srv/.wh.app")]]
        assert start(layers, entrypoint=("/app",)).elf is not None

    def test_a_bare_name_is_looked_for_in_path_in_its_order(self) -> None:
        names = [file("b/app", APP, 0o755), file("a/app", b"text", 0o644), file("c/app", b"#!x", 0o755)]
        image = start([names], command=("app",), env=("HOME=/", "PATH=/a:/b:/c"))
        assert image.entrypoint_path == "/b/app"

    def test_a_bare_name_is_looked_for_in_the_usual_folders_when_no_path_is_set(self) -> None:
        assert start([[file("usr/bin/app", APP, 0o755)]], command=("app",)).entrypoint_path == "/usr/bin/app"

    def test_a_bare_name_is_not_looked_for_in_the_working_folder(self) -> None:
        image = start([[file("srv/app", APP, 0o755)]], command=("app",), working_dir="/srv")
        assert image.entrypoint_path == ""

    @pytest.mark.parametrize(("name", "folder"), [("./app", "/srv"), ("srv/app", ""), ("../srv/app", "/etc")])
    def test_a_relative_path_begins_at_the_working_folder(self, name: str, folder: str) -> None:
        image = start([[file("srv/app", APP, 0o755)]], command=(name,), working_dir=folder)
        assert image.entrypoint_path == "/srv/app"

    def test_the_shell_form_starts_a_shell_which_scratch_has_not(self) -> None:
        image = start([[file("app", APP, 0o755)]], entrypoint=("/bin/sh", "-c", "/app"))
        assert image.entrypoint_path == ""
        assert image.elf is None

    def test_the_shell_form_on_a_base_with_a_shell_starts_that(self) -> None:
        names = [file("bin/busybox", APP, 0o755), symlink("bin/sh", "busybox")]
        assert start([names], command=("/bin/sh", "-c", "app")).entrypoint_path == "/bin/busybox"

    def test_links_that_go_round_lead_nowhere(self) -> None:
        image = start([[symlink("a", "b"), symlink("b", "a")]], entrypoint=("/a",))
        assert image.entrypoint_path == ""

    def test_a_script_is_found_and_is_no_elf(self) -> None:
        image = start([[file("run", b"#!/bin/sh\n", 0o755)]], entrypoint=("/run",))
        assert image.entrypoint_path == "/run"
        assert image.elf is None

    def test_a_file_that_may_not_be_executed_is_still_the_one_named(self) -> None:
        assert start([[file("app", APP, 0o644)]], entrypoint=("/app",)).entrypoint_path == "/app"

    @pytest.mark.parametrize("command", [(), ("",)])
    def test_no_command_starts_nothing(self, command: tuple[str, ...]) -> None:
        assert start([[file("app", APP, 0o755)]], command=command).entrypoint_path == ""

    def test_a_damaged_program_is_told_in_words(self) -> None:
        with pytest.raises(InspectError, match="program's file"):
            start([[file("app", APP[:70], 0o755)]], entrypoint=("/app",))

    def test_a_program_that_only_late_links_lead_to_is_read_up_to_a_limit(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tutor.inspect.spool._OTHER_PROGRAMS_LIMIT_BYTES", 10)
        layers = [[symlink("app", "srv/app"), file("srv/app", APP, 0o755)]]
        assert start(layers, entrypoint=("/app",)).elf is not None
        late = [[file("srv/app", APP, 0o755), symlink("zapp", "srv/app")]]
        with pytest.raises(InspectError, match="over links"):
            start(late, entrypoint=("/zapp",))


class TestDamage:
    WHOLE = legacy([tar([file("app", APP, 0o755), file("x", b"x" * 2000)])])

    @given(st.integers(1, 14_000))
    def test_an_archive_cut_anywhere_is_refused_in_words(self, length: int) -> None:
        # What follows the last file are zeros, which nobody needs.
        data = self.WHOLE[: min(length, len(self.WHOLE.rstrip(b"\0")) - 1)]
        with pytest.raises(InspectError):
            read(data)

    @given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), min_size=1, max_size=10))
    def test_flipped_bytes_are_read_or_refused_in_words(self, flips: list[tuple[int, int]]) -> None:
        data = bytearray(self.WHOLE)
        for place, value in flips:
            data[place % len(data)] = value
        try:
            image = read(bytes(data))
        except InspectError as error:
            assert error.what
            return
        assert len(image.layers) == 1

    def test_nothing_at_all_is_no_image(self) -> None:
        with pytest.raises(InspectError, match="holds nothing"):
            read(b"")

    def test_another_archive_is_no_image(self) -> None:
        with pytest.raises(InspectError, match=r"neither a manifest\.json nor an index\.json"):
            read(tar([file("README", b"hello")]))

    @pytest.mark.parametrize(
        ("manifest", "says"),
        [
            (b"{", "not the JSON"),
            (b"[" * 5000, "not the JSON"),
            (b"{}", "list is missing"),
            (b"[]", "0 images"),
            (b"[1]", "lacks a part"),
            (b'[{"Config": "c.json", "Layers": ["gone"]}]', "lacks a layer"),
            (b'[{"Config": "c.json", "Layers": 7}]', "list is missing"),
            (b'[{"Config": "nothing.json", "Layers": []}]', "lacks a part"),
        ],
    )
    def test_a_damaged_manifest_is_refused_in_words(self, manifest: bytes, says: str) -> None:
        with pytest.raises(InspectError, match=says):
            read(tar([file("c.json", b"{}"), file("manifest.json", manifest)]))

    def test_a_configuration_with_another_number_of_layers_is_refused(self) -> None:
        layer = tar([file("a")])
        manifest = b'[{"Config": "c.json", "Layers": ["l.tar"]}]'
        names = [
            file("l.tar", layer),
            file("c.json", config_json([layer, layer])),
            file("manifest.json", manifest),
        ]
        with pytest.raises(InspectError, match="names 1 layers and its configuration 2"):
            read(tar(names))

    def test_layers_that_link_to_each_other_are_refused(self) -> None:
        manifest = b'[{"Config": "c.json", "Layers": ["a/layer.tar"]}]'
        names = [
            symlink("a/layer.tar", "../b/layer.tar"),
            symlink("b/layer.tar", "../a/layer.tar"),
            file("c.json", b"{}"),
            file("manifest.json", manifest),
        ]
        with pytest.raises(InspectError, match="lacks a layer"):
            read(tar(names))

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"\x28\xb5\x2f\xfd" + b"x" * 600, "is damaged"),
            (b"\x1f\x8b\x08" + b"x" * 600, "is damaged"),
            (b"PK\x03\x04" + b"x" * 600, "compressed with zip"),
            (b"\xfd7zXZ\0" + b"x" * 600, "compressed with xz"),
            (b"neither this nor that" * 40, "is no tar archive"),
        ],
    )
    def test_a_layer_that_is_no_tar_is_refused_in_words(self, data: bytes, why: str) -> None:
        manifest = b'[{"Config": "c.json", "Layers": ["l"]}]'
        names = [file("l", data), file("c.json", b"{}"), file("manifest.json", manifest)]
        with pytest.raises(InspectError, match=why):
            read(tar(names))

    def test_of_several_images_the_one_asked_for_is_read(self) -> None:
        first, second = tar([file("a", b"1")]), tar([file("b", b"22")])
        names = [file("a.tar", first), file("b.tar", second)]
        names += [file("aaa.json", config_json([first])), file("bbb.json", config_json([second]))]
        manifest = [{"Config": "aaa.json", "Layers": ["a.tar"]}, {"Config": "bbb.json", "Layers": ["b.tar"]}]
        archive = tar([*names, file("manifest.json", json.dumps(manifest).encode())])
        assert read(archive, image_id="sha256:bbb").unpacked_bytes == 2
        with pytest.raises(InspectError, match="none of them is sha256:ccc"):
            read(archive, image_id="sha256:ccc")
        with pytest.raises(InspectError, match="holds 2 images"):
            read(archive)

    def test_an_index_that_points_to_itself_ends(self) -> None:
        inner = b'{"manifests": [{"digest": "sha256:self"}]}'
        names = [file("blobs/sha256/self", inner), file("index.json", inner)]
        with pytest.raises(InspectError, match="names no image"):
            read(tar(names))


class TestRunning:
    def test_progress_grows_to_the_size_of_the_archive(self) -> None:
        archive = legacy([tar([file("x", b"x" * 100_000)])])
        seen: list[int] = []
        read_image(one_way(archive), CONFIG, image_id="", on_progress=seen.append)
        assert seen == sorted(seen)
        assert len(archive) - 10_240 <= seen[-1] <= len(archive)

    def test_it_stops_when_told_and_leaves_no_file_behind(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        stop = threading.Event()
        archive = legacy([tar([file("app", APP, 0o755), file("x", b"x" * 500_000)])])

        def stop_in_the_middle(read_so_far: int) -> None:
            if read_so_far > 200_000:
                stop.set()

        with pytest.raises(InspectError, match="stopped"):
            read_image(
                one_way(archive),
                CONFIG,
                image_id="",
                on_progress=stop_in_the_middle,
                cancelled=stop,
            )
        assert list(tmp_path.iterdir()) == []

    def test_a_large_file_is_not_held_in_memory(self) -> None:
        import tracemalloc

        size = 60_000_000
        header = file("big").info()
        header.size = size
        layer_size = 512 + size + -size % 512 + 1024
        outer = file("l.tar").info()
        outer.size = layer_size
        tail = tar(
            [file("c.json", b"{}"), file("manifest.json", b'[{"Config": "c.json", "Layers": ["l.tar"]}]')]
        )
        pieces = [
            outer.tobuf(tarfile.GNU_FORMAT),
            header.tobuf(tarfile.GNU_FORMAT),
            *[b"\0" * 1_000_000] * (size // 1_000_000),
            b"\0" * (layer_size - 512 - size + -layer_size % 512),
            tail,
        ]

        class Pieces(io.RawIOBase):
            def read(self, size: int = -1) -> bytes:
                return pieces.pop(0) if pieces else b""

        tracemalloc.start()
        try:
            image = read_image(Pieces(), CONFIG, image_id="")  # type: ignore[arg-type]  # each test names the fields it is about
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert image.unpacked_bytes == size
        assert peak < 8_000_000


def test_kinds_and_owners_are_kept() -> None:
    names = [Name("dev/null", kind=tarfile.CHRTYPE, mode=0o666), Name("a", b"1", mode=0o4755, uid=65532)]
    image = read(legacy([tar(names)]))
    assert [(entry.path, entry.kind, entry.mode, entry.uid) for entry in image.files] == [
        ("/a", FileKind.FILE, 0o4755, 65532),
        ("/dev/null", FileKind.DEVICE, 0o666, 0),
    ]
