"""The classic builder's account of a build, as our events."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tutor.core.events import BuildEvent, WorkProgressed
from tutor.core.text import clean_line
from tutor.engine.docker.build_plan import BuildPlan
from tutor.engine.docker.messages import MessageReader
from tutor.engine.docker.pull_tally import PullTally
from tutor.engine.docker.step_book import StepBook

# Podman writes "[1/2] STEP 3/5: …" instead.
_STEP = re.compile(
    r"^(?:\[(?P<stage>\d+)/\d+\] )?S(?:tep|TEP) (?P<number>\d+)/(?P<total>\d+) ?: (?P<text>.*)", re.DOTALL
)
_OUR_LABEL = "LABEL fromscratch."
"""Labels of the request come as last steps, one each, that are not in the file."""
_IMAGE = re.compile(r"^ ---> ([0-9a-f]{12,64})\n?$")
_RUNNING = re.compile(r"^ ---> Running in ([0-9a-f]{12,64})\n?$")
_CHATTER = re.compile(
    r"^( ---> *$|(Removing| ---> Removed) intermediate container |Successfully (built|tagged) |--> [0-9a-f]+)"
)


class ClassicTranscript:
    """One pass of the classic builder. Feed it bytes, take events."""

    def __init__(self, run_id: str, plan: BuildPlan, book: StepBook, monotonic: Callable[[], float]) -> None:
        self._run_id = run_id
        self._plan = plan
        self._book = book
        self._monotonic = monotonic
        self._reader = MessageReader()
        self._pull = PullTally()
        self._number = 0
        self._step_id = ""
        self._is_from = False
        self._cached = False
        self._begun = 0.0
        self._after_step = False
        self.error = ""
        """The engine's own text of why it failed."""
        self.containers: list[str] = []
        """Ids, short, of the containers it ran steps in."""
        self.created: list[str] = []
        """Ids of images that it says it made, newest last; a RUN may print a line that looks like one."""
        self.reused: list[str] = []
        """Ids of images that it took from the cache."""
        self.stage_images: list[str] = []
        """Full ids of the images that stages ended in, in order."""

    def feed(self, data: bytes) -> list[BuildEvent]:
        """Take bytes; return what they tell."""
        return self._tell(self._reader.feed(data))

    def close(self) -> list[BuildEvent]:
        """What is left at the end of the stream."""
        events = self._tell(self._reader.close())
        return events + self._finish()

    def _tell(self, messages: list[dict[str, Any]]) -> list[BuildEvent]:
        events: list[BuildEvent] = []
        for message in messages:
            if "stream" in message:
                events += self._stream(str(message["stream"]))
            elif message.get("error"):
                self.error = clean_line(str(message["error"]), 2000)
                events += self._finish(self.error)
            elif message.get("aux"):
                image_id = str((message["aux"] or {}).get("ID") or "")
                if image_id.startswith("sha256:"):
                    self.stage_images.append(image_id)
            elif "status" in message and self._pull.feed(message):
                label = "pulling a base image"
                events.append(WorkProgressed(self._run_id, label, self._pull.current, self._pull.total))
        return events

    def _stream(self, text: str) -> list[BuildEvent]:
        match = _STEP.match(text)
        if match is not None and self._is_next(match):
            return self._step(match)
        if self._after_step and text == "\n":
            self._after_step = False
            return []
        self._after_step = False
        if text.startswith(" ---> Using cache"):
            self._cached = True
            return []
        if (ran := _RUNNING.match(text)) is not None:
            self.containers.append(ran[1])
            return []
        if (made := _IMAGE.match(text)) is not None:
            if self._cached:
                self.reused.append(made[1])
            elif not self._is_from:
                self.created.append(made[1])
            return []
        if _CHATTER.match(text):
            return []
        return self._book.log(self._step_id, text.encode("utf-8", errors="surrogateescape"))

    def _is_next(self, match: re.Match[str]) -> bool:
        # A RUN may print "Step 1/9 : …" itself. Podman counts from 1 in every stage.
        return match["stage"] is not None or int(match["number"]) == self._number + 1

    def _step(self, match: re.Match[str]) -> list[BuildEvent]:
        events = self._finish()
        number, total = int(match["number"]), int(match["total"])
        text = match["text"].rstrip("\n")
        self._after_step = not match["text"].endswith("\n")
        self._number = number
        self._begun, self._cached = self._monotonic(), False
        self._is_from = text.upper().startswith("FROM")
        if match["stage"] is not None:
            self._step_id = f"{match['stage']}/{number}"
            return events + self._book.start(self._step_id, text, match["stage"], number, total, None)
        if self._plan.is_hidden_classic_step(number):
            self._step_id = ""
            return events
        planned = self._plan.classic_step(number, text)
        if planned is None and text.startswith(_OUR_LABEL):
            self._step_id = ""
            return events
        if planned is None:
            self._step_id = f"-/{number}"
            return events + self._book.start(self._step_id, text, "", number, total, None)
        self._step_id = f"{planned.stage or '-'}/{planned.number}"
        return events + self._book.start(
            self._step_id,
            text,
            planned.stage,
            planned.number,
            planned.total,
            planned.instruction.first_line,
        )

    def _finish(self, error: str = "") -> list[BuildEvent]:
        step_id, self._step_id = self._step_id, ""
        if not step_id:
            return []
        elapsed = self._monotonic() - self._begun
        return self._book.finish(step_id, elapsed, cached=self._cached, error=error)
