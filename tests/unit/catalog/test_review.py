from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.catalog.conftest import WriteLesson, line_of
from tutor.catalog.course import Course
from tutor.catalog.review import review_lesson

GOOD = (("More prose.", "More prose: it builds, and is small.\n"),)


@pytest.mark.parametrize(
    ("change", "blamed", "said"),
    [
        (("say: [Nudge., The change.]", "say: [Nudge.]"), "```yaml hint", "one rung only"),
        (
            ("say: [Nudge., The change.]", "say: [Write FROM scratch, Then FROM scratch]"),
            "```yaml hint",
            "gives the answer away: FROM scratch",
        ),
        (("say: [Nudge., The change.]", "say: [Same., Same.]"), "```yaml hint", "say the same"),
        (("id: is-small", "id: is-crimson"), "id: is-crimson|-1", 'never states the rule "Is crimson"'),
        (("```dockerfile", "```dokerfile"), "```dokerfile", 'No sample is called "dokerfile"'),
        (("Some *prose*.", "See [it](nowhere.md)."), "See [it]", "leads nowhere"),
    ],
)
def test_what_an_author_should_mend_is_told_with_its_line(
    write_lesson: WriteLesson, load: Callable[[], Course], change: tuple[str, str], blamed: str, said: str
) -> None:
    replaced = [*GOOD, change]
    if "crimson" in change[1]:
        replaced.append(("when: check.is-small failed", "when: check.is-crimson failed"))
    write_lesson(*replaced)
    [lesson] = load().lessons
    problems = [problem for problem in review_lesson(lesson) if said in problem.what]
    assert problems
    text, _, offset = blamed.partition("|")
    assert problems[0].line == line_of(text, *replaced) + int(offset or 0)


def test_good_lesson_has_nothing_to_mend(write_lesson: WriteLesson, load: Callable[[], Course]) -> None:
    write_lesson(*GOOD)
    assert [str(problem) for problem in review_lesson(load().lessons[0])] == []
