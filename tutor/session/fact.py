"""What is known of a lesson so far, under dotted names that predictions, prose and hints refer to.

The measures of :data:`tutor.catalog.measure.MEASURES`; and for hints ``build``, ``build.error``,
``container.error``, ``probe.error``, ``check.ID`` and :data:`tutor.core.condition.VALUE_FACTS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tutor.core.events import ImageMeasured
from tutor.core.evidence import Evidence, ImageEvidence
from tutor.core.http import HttpExchange
from tutor.core.image import FileKind, SizeRole
from tutor.core.verdict import Verdict


class Facts(Mapping[str, object]):
    """A record of facts that remembers which were learned since the last look."""

    def __init__(self, known: Mapping[str, object] | None = None) -> None:
        self._values: dict[str, object] = dict(known or {})
        self._fresh: set[str] = set()
        self._unstored: set[str] = set()

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
        self._unstored.add(name)

    def stored_values(self) -> dict[str, str | int | float | bool]:
        """What was learned since this was last called, to be stored."""
        names, self._unstored = self._unstored, set()
        found = {name: self._values[name] for name in sorted(names)}
        return {n: v for n, v in found.items() if isinstance(v, str | int | float | bool)}

    def clear(self) -> None:
        """Know nothing."""
        self._values.clear()
        self._fresh.clear()
        self._unstored.clear()

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
        """An endpoint was asked. No answer counts as status 0; a failing one tells its error itself."""
        self.learn(f"endpoint.{exchange.path}.status", exchange.status or 0)
        told = exchange.body if (exchange.status or 0) >= 500 else ""
        self.learn("probe.error", exchange.error or told)

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
        if row.role is SizeRole.FINAL:
            self._learn_differences(tag, row.unpacked_bytes)

    def _learn_differences(self, tag: str, size_bytes: int) -> None:
        for name, value in tuple(self._values.items()):
            parts = name.split(".")
            if parts[0] != "image" or parts[-1] != "unpacked_bytes" or parts[1] == tag:
                continue
            if isinstance(value, int) and value and size_bytes:
                self.learn(f"smaller.{tag}.{parts[1]}.percent", 100 * (1 - size_bytes / value))
                self.learn(f"smaller.{parts[1]}.{tag}.percent", 100 * (1 - value / size_bytes))

    def learn_image(self, image: ImageEvidence, tag: str) -> None:
        """An image of this lesson was read."""
        executables = sum(file.kind is FileKind.FILE and bool(file.mode & 0o111) for file in image.files)
        self.learn(f"image.{tag}.executable_count", executables)
        self.learn(f"image.{tag}.layer_count", len(image.layers))
        if image.elf is not None:
            self.learn(f"binary.{tag}.is_static", image.elf.is_static)
            self.learn(f"binary.{tag}.is_stripped", image.elf.is_stripped)
            self.learn(f"binary.{tag}.size_bytes", image.elf.size_bytes)

    def learn_verdict(self, verdict: Verdict) -> None:
        """A check was judged."""
        self.learn(f"check.{verdict.check_id}", verdict.outcome.value)

    def learn_evidence(self, evidence: Evidence, tag: str) -> None:
        """A checkpoint gathered its evidence."""
        image = evidence.images.get(tag)
        elf = image.elf if image else None
        config = image.config if image else None
        state = evidence.containers[tag].state if tag in evidence.containers else None
        for name, value in {
            "elf.interpreter": elf.interpreter if elf else "",
            "elf.needed": " ".join(elf.needed) if elf else "",
            "elf.machine": elf.machine if elf else "",
            "elf.has_symbol_table": bool(elf and elf.has_symbol_table),
            "elf.has_debug_sections": bool(elf and elf.has_debug_sections),
            "entrypoint_path": image.entrypoint_path if image else "",
            "go.version": image.go.version if image and image.go else "",
            "config.entrypoint": " ".join(config.entrypoint) if config else "",
            "config.command": " ".join(config.command) if config else "",
            "config.user": config.user if config else "",
            "config.exposed_ports": " ".join(config.exposed_ports) if config else "",
            "config.healthcheck": " ".join(config.healthcheck.test) if config and config.healthcheck else "",
            "container.status": state.status if state else "",
            "container.exit_code": "" if state is None or state.exit_code is None else state.exit_code,
            "stages": len(evidence.stages),
        }.items():
            self.learn(f"evidence.{name}", value)
