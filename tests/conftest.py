"""What every test gets: its own home, no colour settings of the caller, and engines told apart.

Tests marked ``docker`` or ``embedded`` are skipped, with the reason, where that engine is missing.
With ``FROMSCRATCH_REQUIRE_ENGINES=1`` a missing engine is a failure instead, and so is anything that
the session leaves on the Docker engine: there the engine is known to be ours alone. Elsewhere
others may use it meanwhile, so only what bears our name or label fails, and the rest is told.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from tests import engine_availability, engine_guard
from tests.fakes.clock import FakeClock

# Examples are kept nowhere: a run writes nothing into the clone. In CI they are the same each time.
settings.register_profile("here", database=None, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("here")

_REAL_DOCKER_CONFIG = os.environ.get("DOCKER_CONFIG") or str(Path.home() / ".docker")
_SETTINGS_OF_THE_CALLER = (
    "NO_COLOR", "FORCE_COLOR", "COLORTERM", "EDITOR", "VISUAL", "XDG_", "TEXTUAL", "FROMSCRATCH_"
)  # fmt: skip
_KEPT_SETTINGS = {
    "XDG_RUNTIME_DIR",
    "FROMSCRATCH_REQUIRE_ENGINES",
    "FROMSCRATCH_CONTAINERD_HOST",
    "FROMSCRATCH_NEWER_ENGINE",
}
_before: dict[tuple[str, str], engine_guard.Leftover] | None = None
_left: list[engine_guard.Leftover] = []


@pytest.fixture(autouse=True)
def isolation(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home, a data folder and a working directory of its own, UTC, and a plain terminal."""
    base = tmp_path_factory.mktemp("isolated")
    for name in ("home", "cwd"):
        (base / name).mkdir()
    for name in list(os.environ):
        if name.startswith(_SETTINGS_OF_THE_CALLER) and name not in _KEPT_SETTINGS:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(base / "home"))
    monkeypatch.setenv("FROMSCRATCH_HOME", str(base / "fromscratch"))
    monkeypatch.setenv("DOCKER_CONFIG", _REAL_DOCKER_CONFIG)
    monkeypatch.setenv("BUILDX_CONFIG", str(base / "buildx"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "36")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(base / "cwd")
    yield
    # An embedded engine's store is hundreds of megabytes; pytest would keep it until the next run.
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves only when the test moves it."""
    return FakeClock()


def engines_required() -> bool:
    """Whether a missing engine is a failure."""
    return os.environ.get("FROMSCRATCH_REQUIRE_ENGINES") == "1"


def _engine_is_missing(reason: str) -> NoReturn:
    if engines_required():
        pytest.fail(f"FROMSCRATCH_REQUIRE_ENGINES=1, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def engine_is_missing() -> Callable[[str], NoReturn]:
    """Call it with a reason to skip, or to fail where engines are required."""
    return _engine_is_missing


@cache
def _docker_fault() -> str:
    return engine_guard.engine_fault()


@cache
def _embedded_fault() -> str:
    return engine_availability.embedded_fault()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test whose engine is missing, before its fixtures start anything."""
    if item.get_closest_marker("docker") and _docker_fault():
        _engine_is_missing(_docker_fault())
    if item.get_closest_marker("embedded") and _embedded_fault():
        _engine_is_missing(_embedded_fault())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long proofs to ``make prove``."""
    if os.environ.get("FROMSCRATCH_PROVE") == "1":
        return
    left_out = [item for item in items if item.get_closest_marker("prove")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note what the Docker engine holds before the first test that uses it."""
    global _before
    uses_docker = any(item.get_closest_marker("docker") for item in session.items)
    if uses_docker and not session.config.option.collectonly and not _docker_fault():
        _before = engine_guard.engine_contents()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the session when it left something on the Docker engine."""
    if _before is None:
        return
    after = engine_guard.engine_contents()
    _left.extend(row for key, row in after.items() if key not in _before)
    guilty = [row for row in _left if row.ours or engines_required()]
    if guilty and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left."""
    if _left:
        terminalreporter.section("left on the Docker engine")
        for row in _left:
            terminalreporter.write_line(str(row))
