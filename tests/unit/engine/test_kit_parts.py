from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.storage.kit_maker import made
from tutor.core.kit import Kit
from tutor.engine.docker import busybox, go_toolchain
from tutor.engine.embedded import image_store, toolchain
from tutor.engine.embedded.store import Store
from tutor.engine.embedded.toolchain_pool import Pool
from tutor.storage.journal import SqliteJournal
from tutor.storage.kit_file import open_kit
from tutor.storage.kit_shelf import KitShelf

PROGRAM = b"#!/bin/sh\ntouch ran-outside\n"


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    path = made(
        tmp_path,
        {"busybox/busybox": PROGRAM, "busybox/applets": b"bin/sh\nusr/bin/env\n../../etc/cron.d/x\n/etc/y\n"},
    )
    with open_kit(path) as reader:
        return KitShelf(tmp_path / "kit").install(reader)


async def test_a_busybox_of_a_kit_is_taken_as_the_kit_tells_and_never_run_here(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busybox, "local_busybox", lambda: None)
    found = await busybox.obtain_busybox(kit)
    assert (found.content, found.applets) == (PROGRAM, ("env", "sh"))
    assert kit.applets == ("bin/sh", "usr/bin/env")
    assert not list((kit.folder / "../..").resolve().rglob("ran-outside"))


def test_an_installed_wheel_comes_before_that_of_a_kit_and_that_before_none(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = kit.site / "go"
    (root / "bin").mkdir(parents=True)
    (root / "bin/go").write_bytes(b"")
    (root / "VERSION").write_text("go1.21.99\ntime 2026\n")
    for module in (go_toolchain, toolchain):
        with monkeypatch.context() as without:
            without.setattr("sys.path", [])
            without.setattr("importlib.metadata.distribution", _missing)
            without.setattr("sys.modules", {})
            found = module.find_toolchain(kit)
            assert found is not None
            assert (found.root, found.version) == (root, "1.21.99")
            assert module.find_toolchain(None) is None


def _missing(name: str) -> None:
    from importlib.metadata import PackageNotFoundError

    raise PackageNotFoundError(name)


async def test_the_embedded_engine_lays_the_busybox_of_a_kit_with_its_links(
    kit: Kit, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_store, "installed_busybox", lambda *_: None)
    store = Store(tmp_path / "store")
    with closing(SqliteJournal(tmp_path / "journal.sqlite3")) as journal:
        go = toolchain.Toolchain(tmp_path, "1.21.13")
        images = image_store.EmbeddedImageStore(store, Pool(store), go, journal, clock, {}, "here", kit)
        drafts = {draft.entry.path: draft.entry.target for draft in await images._system(tmp_path)}
    assert drafts == {"bin/busybox": "", "bin/sh": "/bin/busybox", "usr/bin/env": "/bin/busybox"}
