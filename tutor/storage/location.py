"""Where everything lies on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APPLICATION = "fromscratch"
HOME_VARIABLE = "FROMSCRATCH_HOME"
"""Names one folder below which all of the tutor's own lies: for tests and for classes."""


@dataclass(frozen=True, slots=True)
class Location:
    """The folders of one learner. None of them is made by looking."""

    data_folder: Path
    """Progress and settings: what must not be lost."""
    cache_folder: Path
    """What can be made again."""
    log_folder: Path
    workspace_folder: Path
    """Visible: the learner's own files, one folder for each lesson."""

    @classmethod
    def discover(cls, environ: Mapping[str, str], home: Path) -> Location:
        """By ``FROMSCRATCH_HOME`` when it is set, else where this system keeps such things.

        A relative ``FROMSCRATCH_HOME`` counts from the current folder, ``~`` from ``home``.
        """
        chosen = environ.get(HOME_VARIABLE, "").strip()
        if chosen:
            below = home / chosen[2:] if chosen.startswith("~/") else Path(chosen).absolute()
            return cls(
                data_folder=below / "data",
                cache_folder=below / "cache",
                log_folder=below / "log",
                workspace_folder=below / "workspace",
            )
        folders = platformdirs.PlatformDirs(APPLICATION, appauthor=False)
        return cls(
            data_folder=folders.user_data_path,
            cache_folder=folders.user_cache_path,
            log_folder=folders.user_log_path,
            workspace_folder=home / APPLICATION,
        )

    @property
    def database(self) -> Path:
        """Progress, attempts, predictions and settings."""
        return self.data_folder / "progress.sqlite3"

    @property
    def journal(self) -> Path:
        """What is ours on engines."""
        return self.data_folder / "journal.sqlite3"

    @property
    def build_lock(self) -> Path:
        """Held during a build: they go one at a time, across processes."""
        return self.data_folder / "build.lock"

    @property
    def kit_folder(self) -> Path:
        """The class kit that was imported: not made again without its giver, so it is data."""
        return self.data_folder / "kit"

    @property
    def embedded_folder(self) -> Path:
        """Images, stages and cache of the embedded engine: large, and made again at need."""
        return self.cache_folder / "embedded"

    @property
    def kept_course(self) -> Path:
        """The lessons as they were read last time."""
        return self.cache_folder / "course"

    @property
    def kept_folder(self) -> Path:
        """Files of the learner's that a lab or a reset replaced. Outside of every build context."""
        return self.workspace_folder / ".kept"
