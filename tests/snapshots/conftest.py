from __future__ import annotations

import os

import pytest

_FOLDER = "TEXTUAL_SNAPSHOT_TEMPDIR"


@pytest.fixture(scope="session", autouse=True)
def report_folder() -> str:
    """Where the plug-in keeps its report: read before the caller's settings are put aside."""
    return os.environ[_FOLDER]


@pytest.fixture(autouse=True)
def snapshots(isolation: None, report_folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_FOLDER, report_folder)
