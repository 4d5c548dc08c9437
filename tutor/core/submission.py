"""What a learner hands in, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tutor.core.verdict import Outcome, Verdict

BUNDLE_SCHEMA = 1
RESULT_SCHEMA = 1
BUNDLE_SUFFIX = ".fsb.zip"


@dataclass(frozen=True, slots=True)
class BundledFile:
    """One file of a bundle's workspace."""

    path: str
    sha256: str
    size_bytes: int
    executable: bool = False


@dataclass(frozen=True, slots=True)
class BundledPrediction:
    """A prediction as it goes into a bundle."""

    predict_id: str
    ask: str
    unit: str
    predicted: str
    confidence: int
    actual: str


@dataclass(frozen=True, slots=True)
class BundledAttempt:
    """An attempt at the checkpoint as it goes into a bundle: what the learner's own machine said."""

    taken_at: str
    outcome: str
    engine: str
    workspace_sha256: str
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleManifest:
    """The first file of a bundle. Holds no absolute path and nothing of the environment."""

    schema: int
    lesson: str
    created_at: str
    tool_version: str
    lesson_sha256: str
    learner: dict[str, str]
    course: str
    token: str
    workspace_sha256: str
    files: tuple[BundledFile, ...]
    predictions: tuple[BundledPrediction, ...] = ()
    attempts: tuple[BundledAttempt, ...] = ()

    @property
    def claimed(self) -> BundledAttempt | None:
        """The learner's own last verdict on the very files of the bundle; None when there is none."""
        same = [each for each in self.attempts if each.workspace_sha256 == self.workspace_sha256]
        return same[-1] if same else None


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What a submission may bring."""

    files: int = 2000
    total_bytes: int = 64 * 1024 * 1024
    file_bytes: int = 32 * 1024 * 1024
    path_length: int = 240


@dataclass(frozen=True, slots=True)
class Taken:
    """A submission laid into a folder of the grader's."""

    name: str
    kind: str
    """``bundle`` or ``folder``."""
    sha256: str
    """Of names and contents, whatever the archive around them."""
    manifest: BundleManifest | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GradedItem:
    """One check of the rubric with its points."""

    verdict: Verdict
    points: float
    max_points: float
    required: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """A check on which the learner's machine and the grader's do not agree."""

    check_id: str
    claimed: str
    official: str


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """What came of one submission. Written whatever happens, also for a crash."""

    name: str
    kind: str
    sha256: str
    outcome: Outcome
    rubric: str
    rubric_sha256: str
    engine: str
    official: bool
    taken_at: str
    elapsed_seconds: float
    points: float
    max_points: float
    items: tuple[GradedItem, ...] = ()
    learner: dict[str, str] = field(default_factory=dict)
    lesson: str = ""
    course: str = ""
    token: str = ""
    submitted_at: str = ""
    late_days: int = 0
    penalty: float = 0.0
    """Points taken for being late; already out of ``points``."""
    final_bytes: int | None = None
    builder_bytes: int | None = None
    dockerfile: str = ""
    stand_in: bool = False
    claimed: str = ""
    """What the learner's own machine said; empty when nothing is known."""
    differences: tuple[Difference, ...] = ()
    limits_hit: tuple[str, ...] = ()
    limits_open: tuple[str, ...] = ()
    """Limits that could not be enforced here."""
    notes: tuple[str, ...] = ()
    fault: str = ""
    """Why it could not be graded, through no fault of the learner's."""
    refused: str = ""
    """Why it was not even built: a fault of the submission."""
    source_mark: str = ""
    """Tells whether what was handed in is still the same."""
    schema: int = RESULT_SCHEMA

    @property
    def reduction_percent(self) -> float | None:
        """How much smaller the final image is than its builder stage."""
        if self.final_bytes is None or not self.builder_bytes:
            return None
        return 100 * (1 - self.final_bytes / self.builder_bytes)
