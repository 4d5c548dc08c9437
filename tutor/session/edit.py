"""Whether the learner did the edit that a step asks for."""

from __future__ import annotations

from tutor.core.lesson import Edit


class EditWatch:
    """Remembers what the files were when an edit was asked for."""

    def __init__(self) -> None:
        self._from: dict[str, str] = {}
        self._said: set[str] = set()

    def asked(self, key: str, files_sha256: str) -> None:
        """An edit is asked for from now on."""
        self._from.setdefault(key, files_sha256)

    def objection(self, task: Edit, key: str, files_sha256: str) -> str:
        """Why the edit does not count as done; empty when it does.

        Said once: a second Enter goes on all the same, since an edit is a choice, not a duty.
        """
        if key in self._said or files_sha256 != self._from.get(key):
            return ""
        self._said.add(key)
        return f"{task.file} has not changed yet. Press e to edit it, or Enter again to go on as it is."
