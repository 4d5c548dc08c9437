"""``fromscratch submit``: one lesson's workspace in one file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from tutor import __version__
from tutor.core.errors import StorageError, UsageError
from tutor.core.progress import Attempt
from tutor.core.submission import (
    BUNDLE_SCHEMA,
    BUNDLE_SUFFIX,
    BundledAttempt,
    BundledPrediction,
    BundleManifest,
)
from tutor.core.verdict import Outcome
from tutor.wiring import Wiring


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """What the command line asked for."""

    lesson: str
    learner: Mapping[str, str]
    course: Path | None = None
    workspace: Path | None = None
    out: Path | None = None
    dry_run: bool = False


def submit(request: SubmitRequest) -> str:
    """Write the bundle, or tell what would go in; what to print.

    Raises:
        UsageError: there is no such lesson, or a field of the learner is missing.
        StorageError: the workspace cannot be read, or the bundle not written.
    """
    from tutor.storage.bundle import bundled_files, write_bundle

    wiring = Wiring()
    try:
        manifest, folder = _manifest(request, wiring)
    finally:
        wiring.close()
    if request.dry_run:
        return _listed(manifest)
    who = next(iter(manifest.learner.values()), "") or "submission"
    safe = "".join(character if character.isalnum() or character in "-_." else "_" for character in who)
    path = request.out or Path(f"{manifest.lesson}-{safe}{BUNDLE_SUFFIX}")
    write_bundle(path, folder, manifest)
    if bundled_files(folder) != manifest.files:
        path.unlink(missing_ok=True)
        raise StorageError("The workspace changed while it was packed.", next_step="Submit again.")
    claimed = manifest.claimed
    said = (
        f"Your own machine's last verdict on these files: {claimed.outcome}."
        if claimed
        else "These files were not checked here yet: fromscratch check " + manifest.lesson
    )
    return f"{path}: {len(manifest.files)} files, {path.stat().st_size} bytes.\n{said}"


def _manifest(request: SubmitRequest, wiring: Wiring) -> tuple[BundleManifest, Path]:
    from tutor.grading.course_file import read_course
    from tutor.storage.bundle import bundled_files
    from tutor.storage.token import TOKEN_FILE
    from tutor.storage.workspace import Workspace

    lesson = wiring.course.find(request.lesson)
    folder = request.workspace or wiring.location.workspace_folder / lesson.name
    if not folder.is_dir():
        raise UsageError(
            f"There is no workspace of {lesson.slug} yet.",
            where=str(folder),
            next_step=f"Open the lesson first: fromscratch --lesson {lesson.slug}",
        )
    course = read_course(request.course) if request.course is not None else None
    fields = course.learner if course is not None else ("name", "id")
    unknown = [name for name in request.learner if name not in fields]
    missing = [name for name in fields if not request.learner.get(name, "").strip()]
    if unknown or missing:
        what = f"not asked for: {', '.join(unknown)}" if unknown else f"missing: {', '.join(missing)}"
        raise UsageError(
            f"Who you are is told by {', '.join(fields)}; {what}.",
            next_step=" ".join(f'--learner {name}="…"' for name in fields),
        )
    store = wiring.store
    token_file = folder / TOKEN_FILE
    token = token_file.read_text("utf-8").strip()[:200] if token_file.is_file() else ""
    return (
        BundleManifest(
            schema=BUNDLE_SCHEMA,
            lesson=lesson.slug,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            tool_version=__version__,
            lesson_sha256=hashlib.sha256((lesson.folder / "lesson.md").read_bytes()).hexdigest(),
            learner={name: request.learner[name].strip() for name in fields},
            course=course.course if course is not None else "",
            token=token,
            workspace_sha256=Workspace(folder, folder).sha256(),
            files=bundled_files(folder),
            predictions=tuple(
                BundledPrediction(
                    each.predict_id, each.ask, each.unit, each.predicted, each.confidence, each.actual
                )
                for each in store.predictions(lesson.slug)
            ),
            attempts=tuple(_attempt(each) for each in store.attempts(lesson.slug)),
        ),
        folder,
    )


def _attempt(attempt: Attempt) -> BundledAttempt:
    report = attempt.report

    def ids(*outcomes: Outcome) -> tuple[str, ...]:
        return tuple(each.check_id for each in report.verdicts if each.outcome in outcomes)

    return BundledAttempt(
        taken_at=report.taken_at,
        outcome=report.outcome.value,
        engine=report.engine,
        workspace_sha256=report.workspace_sha256,
        passed=ids(Outcome.PASSED),
        failed=ids(Outcome.FAILED),
        other=ids(Outcome.UNKNOWN, Outcome.WAITING),
    )


def _listed(manifest: BundleManifest) -> str:
    rows = [f"{file.size_bytes:>10}  {file.path}" for file in manifest.files]
    told = ", ".join(f"{name}: {value}" for name, value in manifest.learner.items())
    return "\n".join(
        [
            f"This would go in, for {manifest.lesson}, {told}:",
            *rows,
            f"{len(manifest.predictions)} predictions, {len(manifest.attempts)} attempts.",
            "No path of this machine, nothing of its environment, nothing outside the workspace.",
        ]
    )


def parse_fields(words: tuple[str, ...]) -> dict[str, str]:
    """``name=Ada Lovelace`` as pairs.

    Raises:
        click.BadParameter: a word without ``=``.
    """
    fields = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise click.BadParameter(f'"{word}" is not NAME=VALUE.', param_hint="--learner")
        fields[name] = value
    return fields
