"""Numbers and states as the learner reads them. Pure: values in, short strings out."""

from __future__ import annotations

from tutor.core.lesson import Unit
from tutor.core.progress import PassState
from tutor.core.verdict import Outcome, Prediction
from tutor.session.calibration import Calibration, came_close

MEGABYTE = 1_000_000
"""As Docker prints it: 10^6 bytes."""

_EIGHTHS = " ▏▎▍▌▋▊▉"

OUTCOME_SIGN = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.UNKNOWN: "?", Outcome.WAITING: "·"}
OUTCOME_WORD = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "could not be judged",
    Outcome.WAITING: "waits",
}
OUTCOME_STYLE = {
    Outcome.PASSED: "$success",
    Outcome.FAILED: "$error",
    Outcome.UNKNOWN: "$warning",
    Outcome.WAITING: "$quiet",
}

_STATE_SIGN = {
    PassState.OPEN: "○",
    PassState.PASSED: "●",
    PassState.STALE: "◉",
    PassState.WITHDRAWN: "✗",
    PassState.NOT_VERIFIABLE: "◌",
}
_STATE_STYLE = {
    PassState.OPEN: "$quiet",
    PassState.PASSED: "$success",
    PassState.STALE: "$warning",
    PassState.WITHDRAWN: "$error",
    PassState.NOT_VERIFIABLE: "$secondary",
}
_STATE_WORD = {
    PassState.OPEN: "open",
    PassState.PASSED: "passed",
    PassState.STALE: "passed, edited since",
    PassState.WITHDRAWN: "passed once, fails now",
    PassState.NOT_VERIFIABLE: "passed, not verifiable now",
}
CONFIDENCE = ("", "a guess", "think so", "sure")
"""The words for confidence 1 to 3."""


def megabytes(size_bytes: int, *, unit: bool = True) -> str:
    """A size with the digits that tell images apart: 269 MB, 26.9 MB, 6.78 MB, 8.2 kB, 0 B."""
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    if size_bytes < 100_000:
        return f"{size_bytes / 1_000:.1f} kB"
    value = size_bytes / MEGABYTE
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f}{' MB' if unit else ''}"


def signed(size_bytes: int) -> str:
    """A change of size: +0.38 MB, −65.4 MB with a true minus sign, 0 B."""
    sign = "−" if size_bytes < 0 else "+" if size_bytes else ""
    return f"{sign}{megabytes(abs(size_bytes))}"


def reduction(size_bytes: int, of_bytes: int) -> str:
    """How much smaller than another size, with a true minus sign; empty when that says nothing.

    A change that rounds to nothing is told as ``±0 %``; 100 % is never claimed of what is not empty.
    """
    if of_bytes <= 0:
        return ""
    percent = 100 * (size_bytes / of_bytes - 1)
    if abs(percent) < 0.05:
        return "±0 %"
    if size_bytes > 0 and percent < -99.9:
        return "−99.9 %"
    return f"{'−' if percent < 0 else '+'}{abs(percent):.1f} %"


def duration(seconds: float) -> str:
    """The time a piece of work took: 0.1 s, 7.3 s, 1 min 12 s, 1 h 02 min."""
    if seconds < 59.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def clock(seconds: float) -> str:
    """Time as a watch shows it: 0:42, 12:05, 1:02:30."""
    whole = int(max(0.0, min(seconds, 359_999)))
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def latency(seconds: float) -> str:
    """The time an answer took: 0.4 ms, 12 ms, 1.2 s."""
    if seconds >= 0.9995:
        return duration(seconds)
    milliseconds = max(0.0, seconds) * 1_000
    return f"{milliseconds:.1f} ms" if milliseconds < 9.95 else f"{milliseconds:.0f} ms"


def bar(part: float, whole: float, width: int) -> str:
    """A bar of at most ``width`` cells, in eighths of a cell; what is not zero is never invisible."""
    if width <= 0 or whole <= 0 or part <= 0:
        return ""
    eighths = max(1, round(min(1.0, part / whole) * width * 8))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def amount(current: int, total: int | None, unit: str) -> str:
    """How far long work is: ``31.4 of 69.0 MB``, ``3 of 7 layers``, ``12 files``."""
    if unit == "bytes":
        if total is None:
            return megabytes(current)
        return f"{megabytes(current)} of {megabytes(total)}"
    return f"{current} {unit}" if total is None else f"{current} of {total} {unit}"


def percent(current: int, total: int | None) -> str:
    """The whole per cent done; empty when the end is not known."""
    if not total:
        return ""
    return f"{min(100, 100 * current // total)} %"


def state_sign(state: PassState, *, begun: bool = False) -> str:
    """The dot of a lesson: ● passed, ◐ begun, ○ open, and the states in between."""
    return "◐" if state is PassState.OPEN and begun else _STATE_SIGN[state]


def state_style(state: PassState, *, begun: bool = False) -> str:
    """The theme colour that goes with :func:`state_sign`."""
    return "$accent" if state is PassState.OPEN and begun else _STATE_STYLE[state]


def state_word(state: PassState, *, begun: bool = False) -> str:
    """The state of a lesson in words."""
    return "begun" if state is PassState.OPEN and begun else _STATE_WORD[state]


def with_unit(value: str, unit: str) -> str:
    """An answer with its unit: ``5 MB``, ``97 %``, ``yes``."""
    if not value or unit in {Unit.YES_NO, Unit.CHOICE, Unit.NUMBER}:
        return value
    return f"{value} {unit}"


def fact(prediction: Prediction) -> str:
    """The measured value, or that it is still to come."""
    return with_unit(prediction.actual, prediction.unit) if prediction.actual else "not measured yet"


def compared(prediction: Prediction) -> str:
    """Prediction and fact in one sentence."""
    actual = fact(prediction)
    if prediction.skipped:
        return f"Measured: {actual}."
    said = with_unit(prediction.predicted, prediction.unit)
    sure = f" ({CONFIDENCE[prediction.confidence]})" if prediction.confidence else ""
    return f"You said {said}{sure}. It is {actual}{_distance(prediction)}."


def _distance(prediction: Prediction) -> str:
    if prediction.unit in {Unit.YES_NO, Unit.CHOICE}:
        return ": right" if prediction.predicted == prediction.actual else ""
    try:
        said, is_now = float(prediction.predicted), float(prediction.actual)
    except ValueError:
        return ""
    if said == is_now:
        return ": exactly"
    if is_now == 0:
        return ""
    ratio = said / is_now
    if abs(ratio - 1) < 0.01:
        return ": almost exactly"
    if ratio >= 2:
        return f": your guess was {ratio:.1f} times as much"
    if ratio <= 0.5:
        return f": {1 / ratio:.1f} times as much" if ratio > 0 else ""
    return f": off by {abs(ratio - 1) * 100:.0f} %"


def hit(prediction: Prediction) -> bool:
    """Whether a prediction came close: the same word, or within a quarter."""
    return came_close(prediction)


def calibrated(record: Calibration) -> str:
    """How well predictions fit over the course, in one line; empty before there are two."""
    if record.made < 2:
        return ""
    sure = f" When you were sure: {record.sure_close} of {record.sure}." if record.sure else ""
    return f"Over the course {record.close} of {record.made} predictions came close.{sure}"
