"""Which hint fits, and how far up its ladder the learner is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tutor.core.condition import parse_condition
from tutor.core.lesson import Hint
from tutor.session.view import HintView


class HintLadders:
    """The ladders of one lesson: nudge, where to look, why, the change.

    The last rung opens only after the files changed since the one before it was shown.
    """

    def __init__(self) -> None:
        self._shown: dict[str, int] = {}
        self._files_at: dict[str, str] = {}

    def views(self, hints: Sequence[Hint], files_sha256: str) -> tuple[HintView, ...]:
        """The ladders of which at least one rung was shown."""
        return tuple(self._view(hint, files_sha256) for hint in hints if self._shown.get(hint.id))

    def reveal(
        self, hints: Sequence[Hint], facts: Mapping[str, object], files_sha256: str
    ) -> HintView | None:
        """Show the next rung of the first ladder that fits; None when none does.

        A ladder chosen by what went wrong comes before one that always fits.
        """
        for hint in sorted(hints, key=lambda hint: not parse_condition(hint.when).is_narrow):
            if not parse_condition(hint.when).holds(facts):
                continue
            if not self._locked(hint, files_sha256) and self._shown.get(hint.id, 0) < len(hint.say):
                self._shown[hint.id] = self._shown.get(hint.id, 0) + 1
                self._files_at[hint.id] = files_sha256
            return self._view(hint, files_sha256)
        return None

    def _locked(self, hint: Hint, files_sha256: str) -> bool:
        last_is_next = self._shown.get(hint.id, 0) == len(hint.say) - 1 and len(hint.say) > 1
        return last_is_next and self._files_at.get(hint.id) == files_sha256

    def _view(self, hint: Hint, files_sha256: str) -> HintView:
        shown = self._shown.get(hint.id, 0)
        locked = "The last hint opens after you changed a file." if self._locked(hint, files_sha256) else ""
        return HintView(hint.id, hint.say[:shown], len(hint.say), locked)
