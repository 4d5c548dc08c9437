from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.session.lab import Lab, open_lab
from tutor.core.exercise import Order
from tutor.session.exercise import shuffled
from tutor.session.view import NextKind

Open = Callable[[str], Awaitable[Lab]]
QUIZ = """
```yaml quiz
id: owner
ask: May it run?
options:
  - {say: No., because: Ownership is not permission.}
  - {say: Yes., because: The x bit decides., right: true}
```
"""
ORDER = """
```yaml order
id: stage
ask: Put it together
lines: [FROM scratch, COPY --from=builder /app /app, 'ENTRYPOINT ["/app"]']
distractors:
  - {line: RUN apk add bash, because: Nothing runs there.}
before: FROM golang AS builder
or:
  - [FROM scratch, 'ENTRYPOINT ["/app"]', COPY --from=builder /app /app]
```
"""
FILL = """
```yaml fill
id: static
ask: Make it static
text: |
  RUN CGO_ENABLED=___1___ go build
  COPY --from=___2___ /app /app
blanks:
  - {answers: [0], because: No C., wrong: [{say: 1, because: That asks for C.}]}
  - {answers: [builder], because: A name.}
```
"""


@pytest.fixture
async def lab(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Open]:
    labs: list[Lab] = []

    async def make(body: str) -> Lab:
        labs.append(await open_lab(tmp_path, clock, body))
        return labs[-1]

    yield make
    for each in labs:
        await each.course.close()
        each.course.store.close()  # type: ignore[attr-defined]  # the real store


async def test_quiz_answers_each_option_and_is_done_when_right(lab: Open) -> None:
    one = await lab(QUIZ)
    assert one.lesson.next().kind is NextKind.QUIZ
    wrong = one.lesson.questions.answer_quiz(0)
    assert wrong is not None
    assert (wrong.is_right, wrong.text) == (False, "Ownership is not permission.")
    assert one.lesson.next().kind is NextKind.QUIZ
    assert one.lesson.questions.answer_quiz(5) is None
    right = one.lesson.questions.answer_quiz(1)
    assert right is not None
    assert right.text == "The x bit decides."
    assert one.lesson.next().kind is NextKind.CHECK
    answers = one.course.store.learning.answers("lab")
    assert [(a.exercise_id, a.given, a.is_right) for a in answers] == [
        ("owner", "No.", False),
        ("owner", "Yes.", True),
    ]


async def test_skipped_exercise_is_recorded_and_done(lab: Open) -> None:
    one = await lab(QUIZ)
    one.lesson.questions.skip()
    assert one.lesson.next().kind is NextKind.CHECK
    assert [a.given for a in one.course.store.learning.answers("lab")] == [""]


async def test_right_order_is_written_to_the_file_and_can_be_undone(lab: Open) -> None:
    one = await lab(ORDER)
    before = one.lesson.file_text()
    feedback = one.lesson.questions.try_order(
        ("FROM scratch", 'ENTRYPOINT ["/app"]', "COPY --from=builder /app /app")
    )
    assert feedback is not None
    assert feedback.is_done
    assert one.lesson.file_text() == (
        'FROM golang AS builder\nFROM scratch\nENTRYPOINT ["/app"]\nCOPY --from=builder /app /app\n'
    )
    assert one.lesson.view().can_undo_lay
    one.lesson.undo_lay()
    assert one.lesson.file_text() == before


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("FROM scratch", "RUN apk add bash"), "RUN apk add bash: Nothing runs there."),
        (("COPY --from=builder /app /app",), "COPY --from=builder /app /app does not come first."),
        (("FROM scratch", "COPY --from=builder /app /app"), "1 more belong"),
        ((), "Nothing is taken yet"),
    ],
)
async def test_wrong_order_says_the_first_thing_that_is_wrong(
    lab: Open, lines: tuple[str, ...], said: str
) -> None:
    one = await lab(ORDER)
    before = one.lesson.file_text()
    feedback = one.lesson.questions.try_order(lines)
    assert feedback is not None
    assert not feedback.is_right
    assert said in feedback.text
    assert one.lesson.file_text() == before


def test_lines_are_shuffled_the_same_way_each_time_and_never_right() -> None:
    for seed in range(50):
        order = Order(str(seed), "", ("a", "b"))
        assert shuffled(order) == shuffled(order) != ("a", "b")


async def test_gaps_are_filled_from_the_last_line_up_and_written_when_all_are_right(lab: Open) -> None:
    one = await lab(FILL)
    [view] = one.lesson.view().exercises
    assert (view.blank, view.text) == (1, "RUN CGO_ENABLED=____ go build\nCOPY --from=____ /app /app\n")
    unknown = one.lesson.questions.fill_blank("stage")
    assert unknown is not None
    assert '"stage" does not fit' in unknown.text
    assert one.lesson.questions.fill_blank(" builder ") is not None
    [view] = one.lesson.view().exercises
    assert (view.blank, view.text) == (0, "RUN CGO_ENABLED=____ go build\nCOPY --from=builder /app /app\n")
    known = one.lesson.questions.fill_blank("1")
    assert known is not None
    assert known.text == "That asks for C."
    done = one.lesson.questions.fill_blank("0")
    assert done is not None
    assert done.is_done
    assert one.lesson.file_text() == "RUN CGO_ENABLED=0 go build\nCOPY --from=builder /app /app\n"
    assert one.lesson.next().kind is NextKind.CHECK
