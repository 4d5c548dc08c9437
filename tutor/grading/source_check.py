"""The check that the service is the one that was given, whatever is built of it."""

from __future__ import annotations

from tutor.grading.rule import Case, Finding, Params, failed, not_tried, passed, rule
from tutor.grading.words import listed


@rule(
    title="The source is as it was given",
    why="Asked for is another image of this service, not another service.",
    next_step="Take the .go files back as they were, and mend the Dockerfile instead.",
    subjects=("dockerfile", "image"),
    after=(),
)
def source_is_unchanged(case: Case[Params]) -> Finding:
    """Every source file of the workspace is there as the lesson gave it, and none was added.

    About the files, not the program: a RUN step that edits the source while building is not seen.
    """
    expected = "The .go files and go.mod are as the lesson gave them, and there are no others."
    changed = case.evidence.trials.changed_sources
    if changed is None:
        return not_tried(case, "changed_sources", expected)
    if changed:
        return failed(expected, f"Changed, added or missing: {listed(changed)}.", changed[0])
    return passed(expected, "They are.")
