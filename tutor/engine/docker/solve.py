"""BuildKit's account of a build, as our events."""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from typing import Any

from tutor.core.events import BuildEvent, WorkProgressed
from tutor.core.text import clean_line
from tutor.engine.docker.build_plan import BuildPlan
from tutor.engine.docker.connection import engine_seconds
from tutor.engine.docker.rawjson import DocumentReader
from tutor.engine.docker.step_book import StepBook

# "[builder 2/5] COPY go.mod ./", "[ 2/12] RUN …", "[linux/arm64 builder 2/5] …"
_STEP = re.compile(r"^\[(?:(?P<stage>\S.*?) +| *)(?P<number>\d+)/(?P<total>\d+)\] (?P<text>.*)$", re.DOTALL)
_PREFIX = re.compile(r"^(ERROR: )?((failed to solve: )|(rpc error: code = \w+ desc = ))+", re.IGNORECASE)
_LINE = re.compile(r"(?:parse error (?:on )?line |Dockerfile:)(\d+)", re.IGNORECASE)
_KEPT_LINES = 60


class SolveTranscript:
    """One pass of buildx. Feed it bytes, take events."""

    def __init__(self, run_id: str, plan: BuildPlan, book: StepBook) -> None:
        self._run_id = run_id
        self._plan = plan
        self._book = book
        self._reader = DocumentReader()
        self._steps: dict[str, str] = {}
        self._intervals: dict[str, dict[str, float]] = {}
        self._text: deque[str] = deque(maxlen=_KEPT_LINES)
        self._vertex_error = ""

    def feed(self, data: bytes) -> list[BuildEvent]:
        """Take bytes; return what they tell."""
        return self._tell(self._reader.feed(data))

    def close(self) -> list[BuildEvent]:
        """What is left at the end of the stream."""
        return self._tell(self._reader.close())

    @property
    def error(self) -> str:
        """The engine's own text of why it failed; empty when it said nothing."""
        said = [line for line in self._text if line.startswith(("ERROR:", "error:"))]
        if said:
            return clean_line(_PREFIX.sub("", said[-1]).removeprefix("ERROR: "), 2000)
        return clean_line(self._vertex_error or " ".join(list(self._text)[-3:]), 2000)

    @property
    def error_line(self) -> int | None:
        """The line of the Dockerfile that its text names."""
        for text in reversed(self._text):
            if match := _LINE.search(text):
                return int(match[1])
        return None

    def _tell(self, found: list[dict[str, Any] | str]) -> list[BuildEvent]:
        events: list[BuildEvent] = []
        for each in found:
            if isinstance(each, str):
                self._text.append(each)
                continue
            for vertex in each.get("vertexes") or ():
                events += self._vertex(vertex)
            for status in each.get("statuses") or ():
                events += self._status(status)
            for log in each.get("logs") or ():
                step_id = self._steps.get(log.get("vertex", ""))
                if step_id is not None:
                    events += self._book.log(step_id, _decoded(log.get("data", "")))
        return events

    def _vertex(self, vertex: dict[str, Any]) -> list[BuildEvent]:
        digest, name = str(vertex.get("digest", "")), str(vertex.get("name", ""))
        error = str(vertex.get("error") or "")
        if error and not error.endswith("context canceled"):
            self._vertex_error = self._vertex_error or error
        match = _STEP.match(name)
        if match is None or not vertex.get("started"):
            return []
        stage = (match["stage"] or "").split(" ")[-1]
        number, total, text = int(match["number"]), int(match["total"]), match["text"]
        step_id = self._steps.setdefault(digest, f"{stage or '-'}/{number}")
        line = self._plan.buildkit_line(stage, number, text)
        events = self._book.start(step_id, text, stage, number, total, line)
        if vertex.get("completed"):
            intervals = self._intervals.setdefault(digest, {})
            begun = str(vertex["started"])
            intervals[begun] = engine_seconds(str(vertex["completed"])) - engine_seconds(begun)
            elapsed = max(0.0, sum(intervals.values()))
            events += self._book.finish(
                step_id, elapsed, cached=bool(vertex.get("cached")), error=clean_line(error, 2000)
            )
        return events

    def _status(self, status: dict[str, Any]) -> list[BuildEvent]:
        label = str(status.get("id", ""))
        if status.get("completed"):
            return []
        current, total = int(status.get("current") or 0), int(status.get("total") or 0)
        if label.startswith("transferring context") and current:
            return [WorkProgressed(self._run_id, "sending the build context", current, total or None)]
        if label.startswith(("exporting layers", "writing image")):
            return [WorkProgressed(self._run_id, "writing the image", current, total or None)]
        return []


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data)
    except (binascii.Error, ValueError):
        return data.encode("utf-8", errors="replace")
