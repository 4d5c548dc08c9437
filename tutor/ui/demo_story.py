"""What happened at one step of a demo, gathered from events and drawn large and calm."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from textual.content import Content

from tutor.core.events import (
    BaseNeeded,
    BuildFailed,
    BuildFinished,
    BuildStarted,
    CheckJudged,
    CommandShown,
    ContainerExited,
    ContainerStarted,
    EndpointProbed,
    LogLines,
    PredictionCompared,
    Said,
    SessionEvent,
    Shown,
    StepFinished,
    StepStarted,
    WorkProgressed,
)
from tutor.core.http import HttpExchange
from tutor.core.verdict import Prediction, Verdict
from tutor.ui import present

STEP_ROWS = 9
LOG_ROWS = 5
BODY_ROWS = 10
MANY_BODIES_ROWS = 12
"""Of three and more answers together: each keeps its first line on the screen."""

TABLE_ROWS = 18
TABLE_COLUMNS = 12


@dataclass(slots=True)
class _Instruction:
    stage: str
    text: str
    seconds: float | None = None
    cached: bool = False
    failed: bool = False


@dataclass(slots=True)
class Story:
    """Feed it events in order; ``content`` draws what stands so far. ``mask`` hides what is private."""

    mask: Callable[[str], str] = field(default=str)
    command: str = ""
    progress: WorkProgressed | None = None
    waits_for_base: bool = False
    said: list[Said] = field(default_factory=list)
    compared: list[Prediction] = field(default_factory=list)
    _instructions: dict[str, _Instruction] = field(default_factory=dict)
    _log: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_ROWS))
    _ending: list[tuple[str, str]] = field(default_factory=list)
    _exchanges: list[HttpExchange] = field(default_factory=list)
    _verdicts: list[Verdict] = field(default_factory=list)
    _shown: Shown | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to show yet."""
        return bool(self.command or self.progress)

    @property
    def progress_words(self) -> str:
        """How far long work is, in words; empty while none moves on."""
        moved = self.progress
        if moved is None:
            return ""
        if not moved.current and moved.total is None:
            return moved.label
        return f"{moved.label}: {present.amount(moved.current, moved.total, moved.unit)}"

    def tell(self, event: SessionEvent) -> None:
        """Take in one event."""
        # What comes after tells of something else: what moved on is over, or moves on and says so again.
        self.progress = event if isinstance(event, WorkProgressed) else None
        match event:
            case BuildStarted():
                self.command = event.command
                self._instructions.clear()
                self._log.clear()
                self._ending.clear()
            case CommandShown():
                self.command = event.command
            case StepStarted():
                self._instructions[event.step_id] = _Instruction(event.stage, event.text)
            case StepFinished():
                self._finish(event)
            case LogLines():
                self._log.extend(event.lines[-LOG_ROWS:])
            case BuildFailed():
                self._ending = [("✗ ", "bold $error"), (event.error.strip(), "$error")]
                if event.next_step:
                    self._ending += [("\n→ ", "bold $accent"), (event.next_step, "")]
            case BuildFinished():
                self._log.clear()
                took = present.duration(event.elapsed_seconds)
                self._ending = [("✓ ", "bold $success"), (f"built in {took}", "$success")]
            case ContainerStarted():
                self._ending = [("● ", "bold $success"), (f"runs at {event.address}", "$success")]
            case ContainerExited():
                text = event.error or "\n".join(event.log[-4:]) or f"ended with exit code {event.exit_code}"
                self._ending = [("✗ ", "bold $error"), (text, "$error")]
            case EndpointProbed():
                self._exchanges.append(event.exchange)
            case Shown():
                self._shown = event
            case CheckJudged():
                self._verdicts.append(event.verdict)
            case PredictionCompared():
                self.compared.append(event.prediction)
            case Said():
                self.said.append(event)
            case BaseNeeded():
                self.waits_for_base = True
            case _:
                pass

    def _finish(self, event: StepFinished) -> None:
        row = self._instructions.get(event.step_id)
        if row is not None:
            row.seconds, row.cached = event.elapsed_seconds, event.cached
            row.failed = bool(event.error)

    def content(self) -> Content:
        """All of it, the newest below."""
        many = len(self._exchanges) > 2
        body_rows = max(1, MANY_BODIES_ROWS // len(self._exchanges)) if many else BODY_ROWS
        blocks = [
            self._build_block(),
            self._table_block(),
            *(self._exchange_block(exchange, body_rows) for exchange in self._exchanges),
            self._verdict_block(),
            self._line(self._ending),
            *(self._compared_block(prediction) for prediction in self.compared),
        ]
        return Content("\n\n").join(block for block in blocks if block.plain)

    def verdicts(self) -> Content:
        """What the checkpoint found, without the way to it; all of it where it came to no verdict."""
        return self._verdict_block() if self._verdicts else self.content()

    def _line(self, parts: Iterable[tuple[str, str]]) -> Content:
        return Content.assemble(*((self.mask(text), style) for text, style in parts))

    def _build_block(self) -> Content:
        rows = list(self._instructions.values())
        lines: list[Content] = []
        if len(rows) > STEP_ROWS:
            lines.append(Content.styled(f"  … {len(rows) - STEP_ROWS} steps before", "$quiet"))
        for row in rows[-STEP_ROWS:]:
            sign, style = ("●", "$primary") if row.seconds is None else ("✓", "$success")
            if row.failed:
                sign, style = "✗", "$error"
            took = "" if row.seconds is None else present.duration(row.seconds)
            lines.append(
                Content.assemble(
                    (f"{sign} ", f"bold {style}"),
                    (f"{self.mask(row.stage):<8} ", "$quiet"),
                    (self.mask(row.text.splitlines()[0] if row.text else ""), ""),
                    (f"   {'cached' if row.cached else took}", "$quiet"),
                )
            )
        lines += [Content.styled(f"    {self.mask(line)}", "$quiet") for line in self._log]
        return Content("\n").join(lines)

    def _table_block(self) -> Content:
        shown = self._shown
        if shown is None:
            return Content("")
        rows, header = [row[:TABLE_COLUMNS] for row in shown.rows[:TABLE_ROWS]], shown.header[:TABLE_COLUMNS]
        columns = max((len(row) for row in (*rows, header)), default=0)
        cells = [
            min(60, max((len(row[index]) for row in (*rows, header) if index < len(row)), default=0))
            for index in range(columns)
        ]

        def drawn(row: tuple[str, ...]) -> str:
            return "  ".join(f"{cell:<{cells[at]}}" for at, cell in enumerate(row)).rstrip()

        lines = [Content.styled(self.mask(shown.title), "bold")]
        if header:
            lines.append(Content.styled(self.mask(drawn(header)), "$quiet"))
        lines += [Content(self.mask(drawn(row))) for row in rows]
        if len(shown.rows) > TABLE_ROWS:
            lines.append(Content.styled(f"… and {len(shown.rows) - TABLE_ROWS} more", "$quiet"))
        if shown.foot:
            style = {True: "$success", False: "$error", None: "$quiet"}[shown.is_good]
            lines.append(Content.styled(self.mask(shown.foot), style))
        return Content("\n").join(lines)

    def _exchange_block(self, exchange: HttpExchange, body_rows: int) -> Content:
        if exchange.status is None:
            return self._line([(f"✗ {exchange.path}  ", "bold $error"), (exchange.error, "$error")])
        good = exchange.status < 400
        head = [
            (f"{'✓' if good else '✗'} {exchange.path}  ", "bold"),
            (f"{exchange.status} {exchange.reason}", "bold $success" if good else "bold $error"),
            (f"  in {present.latency(exchange.elapsed_seconds)}", "$quiet"),
        ]
        body = exchange.body.strip().splitlines()[:body_rows]
        return Content("\n").join([self._line(head), *(Content.styled(self.mask(b), "$quiet") for b in body)])

    def _verdict_block(self) -> Content:
        lines = []
        for verdict in self._verdicts:
            style = present.OUTCOME_STYLE[verdict.outcome]
            lines.append(
                self._line(
                    [
                        (f"{present.OUTCOME_SIGN[verdict.outcome]} ", f"bold {style}"),
                        (verdict.title, ""),
                        ("" if not verdict.actual else f"   {verdict.actual.splitlines()[0]}", "$quiet"),
                    ]
                )
            )
        return Content("\n").join(lines)

    def _compared_block(self, prediction: Prediction) -> Content:
        said = present.with_unit(prediction.predicted, prediction.unit) or "nothing"
        return self._line(
            [
                ("The class said ", "$quiet"),
                (said, "bold"),
                (".  It is ", "$quiet"),
                (present.fact(prediction), "bold $accent"),
                (".", "$quiet"),
            ]
        )
