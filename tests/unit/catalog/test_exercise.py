from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.catalog.conftest import LESSON, WriteLesson, line_of
from tutor.catalog.course import Course
from tutor.catalog.problem import LessonProblem
from tutor.core.exercise import Blank, Distractor, Fill, Option, Order, Quiz, Recall
from tutor.core.lesson import Device

Load = Callable[[], Course]
ProblemsOf = Callable[..., tuple[LessonProblem, ...]]
PLACE = "## Do\n"

QUIZ = """\
```yaml quiz
id: owner
ask: May user 65532 run a file of root's?
options:
  - {say: No., because: Ownership is not permission.}
  - {say: Yes., because: The x bit decides., right: true}
```
"""
ORDER = """\
```yaml order
id: stage
ask: Put the stage together
lines: [FROM scratch, COPY --from=builder /app /app, 'ENTRYPOINT ["/app"]']
distractors:
  - {line: RUN apk add bash, because: Nothing runs there.}
before: |
  FROM golang AS builder
after: |
  EXPOSE 8080
or:
  - [FROM scratch, 'ENTRYPOINT ["/app"]', COPY --from=builder /app /app]
```
"""
FILL = """\
```yaml fill
id: static
ask: Make it static
text: |
  FROM golang AS ___1___
  RUN CGO_ENABLED=___2___ go build ___3___ .
  COPY --from=___4___ /app /app
blanks:
  - {answers: [builder], because: A name.}
  - answers: [0]
    because: No C.
    wrong:
      - {say: 1, because: That is what asks for a C library.}
  - {answers: [-o /app], because: Where COPY looks.}
  - {answers: [builder, 0], because: A name or a number.}
```
"""
RECALL = """\
```yaml recall
id: empty
ask: How many files does scratch hold?
answer: 0
```
"""


@pytest.fixture
def device(write_lesson: WriteLesson, load: Load) -> Callable[[str], Device]:
    def read(block: str) -> Device:
        write_lesson((PLACE, PLACE + block))
        course = load()
        assert [str(problem) for problem in course.problems] == []
        return course.lessons[0].steps[1].devices[0]

    return read


def test_quiz_is_read(device: Callable[[str], Device]) -> None:
    quiz = device(QUIZ)
    assert isinstance(quiz, Quiz)
    assert quiz.ask == "May user 65532 run a file of root's?"
    assert quiz.options == (
        Option("No.", "Ownership is not permission."),
        Option("Yes.", "The x bit decides.", right=True),
    )
    assert quiz.right.say == "Yes."


def test_order_is_read_and_makes_its_file(device: Callable[[str], Device]) -> None:
    order = device(ORDER)
    assert isinstance(order, Order)
    assert order.distractors == (Distractor("RUN apk add bash", "Nothing runs there."),)
    assert order.right_orders == (
        ("FROM scratch", "COPY --from=builder /app /app", 'ENTRYPOINT ["/app"]'),
        ("FROM scratch", 'ENTRYPOINT ["/app"]', "COPY --from=builder /app /app"),
    )
    assert order.text(order.lines) == (
        "FROM golang AS builder\nFROM scratch\nCOPY --from=builder /app /app\n"
        'ENTRYPOINT ["/app"]\nEXPOSE 8080\n'
    )


def test_fill_is_asked_from_the_last_line_up_and_each_line_from_left_to_right(
    device: Callable[[str], Device],
) -> None:
    fill = device(FILL)
    assert isinstance(fill, Fill)
    assert fill.sequence == (3, 1, 2, 0)
    assert fill.filled({1: "0", 3: "builder"}) == (
        "FROM golang AS ____\nRUN CGO_ENABLED=0 go build ____ .\nCOPY --from=builder /app /app\n"
    )


def test_blank_takes_its_answers_whatever_the_white_space_and_knows_wrong_ones() -> None:
    blank = Blank(("-o /app", "0"), "", (Distractor("1", "That asks for a C library."),))
    assert blank.accepts("  -o   /app ")
    assert not blank.accepts("-o /App")
    assert blank.said_to(" 1 ") == "That asks for a C library."
    assert blank.said_to("2") == ""


def test_recall_is_read_with_an_answer_or_with_options(device: Callable[[str], Device]) -> None:
    recall = device(RECALL)
    assert isinstance(recall, Recall)
    assert (recall.ask, recall.answer, recall.options) == ("How many files does scratch hold?", "0", ())


def test_only_what_next_walks_through_counts_as_an_action(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson((PLACE, PLACE + QUIZ + RECALL))
    assert [type(action).__name__ for action in load().lessons[0].steps[1].actions][:2] == ["Quiz", "Predict"]


# block, old text, new text, text of the line to blame, what is said, what to write instead
MISTAKES = [
    (QUIZ, ", right: true", "", "options:", "0 options are right", "right: true"),
    (QUIZ, "permission.}", "permission., right: true}", "The x bit", "2 options are right", "exactly one"),
    (QUIZ, "say: No.", "say: Yes.", "options:", "say the same", ""),
    (QUIZ, ", because: The x bit decides.", "", "say: Yes.", 'key "because" is missing', ""),
    (QUIZ, "right: true", "rihgt: true", "rihgt", 'no key "rihgt"', ""),
    (QUIZ, "right: true", "right: often", "right: often", "true or false", ""),
    (QUIZ, "ask: May", "aks: May", "aks:", 'no key "aks"', 'Did you mean "ask"?'),
    (ORDER, "lines: [FROM scratch, ", "lines: [FROM scratch, FROM scratch, ", "lines:", "are the same", ""),
    (ORDER, "line: RUN apk add bash", "line: FROM scratch", "distractors:", "is one of the lines", ""),
    (ORDER, "- [FROM scratch,", "- [FROM scrath,", "FROM scrath", '"FROM scrath" is not among', ""),
    (ORDER, "ask:", "file: ../Dockerfile\nask:", "file:", "leaves its folder", "without .."),
    (FILL, "___1___", "builder", "text:", "do not fit the 4 blanks", "___1___ to ___4___"),
    (FILL, "___4___", "___1___", "text:", "do not fit the 4 blanks", "once"),
    (FILL, "{say: 1,", "{say: 0,", "say: 0", "right and wrong at once", ""),
    (RECALL, "answer: 0", "", "id: empty", "an answer or options", "one of"),
    (QUIZ + RECALL, "id: empty", "id: owner", "```yaml recall", 'Two questions have the id "owner"', ""),
]


@pytest.mark.parametrize(("block", "old", "new", "blamed", "said", "instead"), MISTAKES)
def test_mistake_is_told_with_its_line_and_what_to_write(
    problems_of: ProblemsOf, block: str, old: str, new: str, blamed: str, said: str, instead: str
) -> None:
    assert old in block
    change = (PLACE, PLACE + block.replace(old, new, 1))
    problems = problems_of(change)
    matching = [problem for problem in problems if said in problem.what]
    assert matching, [str(problem) for problem in problems]
    assert instead in matching[0].next_step
    assert matching[0].line == line_of(blamed, change)
    assert LESSON.count(PLACE) == 1
