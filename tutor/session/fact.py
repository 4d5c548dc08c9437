"""What is known of a lesson so far, under dotted names that predictions and hints refer to.

Names: ``image.TAG.unpacked_bytes``, ``image.TAG.file_count``, ``stage.TAG.STAGE.unpacked_bytes``,
``base.unpacked_bytes``, ``reduction.TAG.percent``, ``build.TAG.succeeds``,
``build.TAG.elapsed_seconds``, ``container.TAG.starts``, ``container.TAG.reachable``,
``endpoint.PATH.status``; and for hints ``build``, ``build.error``, ``container.error``,
``probe.error``, ``check.ID``, ``evidence.elf.interpreter``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tutor.core.events import ImageMeasured
from tutor.core.evidence import Evidence
from tutor.core.http import HttpExchange
from tutor.core.image import SizeRole
from tutor.core.lesson import Unit
from tutor.core.verdict import Prediction, Verdict

MEGABYTE = 1_000_000


class Facts(Mapping[str, object]):
    """A record of facts that remembers which were learned since the last look."""

    def __init__(self) -> None:
        self._values: dict[str, object] = {}
        self._fresh: set[str] = set()

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def learn(self, name: str, value: object) -> None:
        """Know a fact, again if it was known."""
        self._values[name] = value
        self._fresh.add(name)

    def clear(self) -> None:
        """Know nothing."""
        self._values.clear()
        self._fresh.clear()

    def take_fresh(self) -> frozenset[str]:
        """The names learned since this was last called."""
        fresh, self._fresh = frozenset(self._fresh), set()
        return fresh

    def learn_build(self, tag: str, *, succeeded: bool, elapsed_seconds: float, error: str = "") -> None:
        """A build ended."""
        self.learn(f"build.{tag}.succeeds", succeeded)
        self.learn(f"build.{tag}.elapsed_seconds", elapsed_seconds)
        self.learn("build", "passed" if succeeded else "failed")
        self.learn("build.error", error)

    def learn_start(self, tag: str, *, starts: bool, reachable: bool, error: str = "") -> None:
        """A container was started, or could not be."""
        self.learn(f"container.{tag}.starts", starts)
        self.learn(f"container.{tag}.reachable", reachable)
        self.learn("container.error", error)

    def learn_exchange(self, exchange: HttpExchange) -> None:
        """An endpoint was asked. No answer counts as status 0."""
        self.learn(f"endpoint.{exchange.path}.status", exchange.status or 0)
        self.learn("probe.error", exchange.error)

    def learn_size(self, event: ImageMeasured, tag: str, file_count: int) -> None:
        """The unpacked size of an image of this lesson is known."""
        row = event.row
        if row.role is SizeRole.BASE:
            self.learn("base.unpacked_bytes", row.unpacked_bytes)
            return
        if row.role is SizeRole.BUILDER:
            self.learn(f"stage.{tag}.{row.name}.unpacked_bytes", row.unpacked_bytes)
        else:
            self.learn(f"image.{tag}.unpacked_bytes", row.unpacked_bytes)
            self.learn(f"image.{tag}.file_count", file_count)
        final = self._values.get(f"image.{tag}.unpacked_bytes")
        builders = [
            value
            for name, value in self._values.items()
            if name.startswith(f"stage.{tag}.") and isinstance(value, int)
        ]
        if isinstance(final, int) and builders:
            self.learn(f"reduction.{tag}.percent", 100 * (1 - final / max(builders)))

    def learn_verdict(self, verdict: Verdict) -> None:
        """A check was judged."""
        self.learn(f"check.{verdict.check_id}", verdict.outcome.value)

    def learn_evidence(self, evidence: Evidence, tag: str) -> None:
        """A checkpoint gathered its evidence."""
        image = evidence.images.get(tag)
        elf = image.elf if image else None
        self.learn("evidence.elf.interpreter", elf.interpreter if elf else "")


def as_answer(value: object, unit: Unit) -> str:
    """A measured fact in the form a prediction is given in."""
    if isinstance(value, bool) or unit is Unit.YES_NO:
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if unit is Unit.MEGABYTES:
        megabytes = value / MEGABYTE
        return f"{megabytes:.0f}" if megabytes >= 100 else f"{megabytes:.1f}"
    if unit in {Unit.PERCENT, Unit.SECONDS}:
        return f"{value:.1f}"
    return str(value)


def checked_answer(text: str, unit: Unit, choices: tuple[str, ...]) -> tuple[str, str]:
    """What the learner typed, made uniform, and what is wrong with it (empty when nothing is)."""
    text = (
        text.strip().rstrip("%").removesuffix("MB").removesuffix("s").strip()
        if unit
        not in {
            Unit.YES_NO,
            Unit.CHOICE,
        }
        else text.strip()
    )
    if unit is Unit.YES_NO:
        word = {"y": "yes", "yes": "yes", "1": "yes", "n": "no", "no": "no", "2": "no"}.get(text.lower())
        return (word, "") if word else ("", "Answer yes or no: y or n.")
    if unit is Unit.CHOICE:
        if text.isdigit() and 1 <= int(text) <= len(choices):
            return choices[int(text) - 1], ""
        if text in choices:
            return text, ""
        return "", f"Choose one of 1 to {len(choices)}."
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return "", f"Type a number{'' if unit is Unit.NUMBER else f' of {unit.value}'}, such as 50."
    if not 0 <= number < 1e9:
        return "", "Type a number that is not negative."
    return f"{number:g}", ""


def with_actual(prediction: Prediction, value: object, unit: Unit) -> Prediction:
    """The prediction with its fact beside it."""
    import dataclasses

    return dataclasses.replace(prediction, actual=as_answer(value, unit))
