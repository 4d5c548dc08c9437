from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.catalog.conftest import WriteLesson, line_of
from tutor.catalog.course import Course
from tutor.catalog.problem import LessonProblem
from tutor.core.lesson import (
    Build,
    BuildTwice,
    Change,
    Exec,
    Expectation,
    Fetch,
    Run,
    RunHealthcheck,
    Show,
    ShowKind,
    Stop,
)

Load = Callable[[], Course]
ProblemsOf = Callable[..., tuple[LessonProblem, ...]]
PLACE = "```yaml do\nlay:"
BLOCK = """\
```yaml do
build: {tag: multi, args: {VERSION: 1.2, FAST: true}, file: Dockerfile.pie, cache: false, say: Again}
run: {tag: multi, read_only: true, user: 65532, env: {PORT: 9000}}
exec: {tag: multi, argv: [/bin/sh, -c, exit 3], expect: failure}
fetch: {tag: multi, path: /app, to: fetched-app}
show: {tag: multi, what: sections, stage: builder}
stop: {tag: multi, during: "/slow?for=3s", expect: any}
healthcheck: {tag: multi}
twice: {tag: multi}
change: {file: Dockerfile.pie, say: Touch it}
```

"""


@pytest.fixture
def write(write_lesson: WriteLesson) -> Callable[[str], None]:
    def lesson(block: str) -> None:
        folder = write_lesson((PLACE, block + PLACE))
        (folder / "start" / "Dockerfile.pie").write_text("FROM scratch\n")

    return lesson


def test_every_action_is_read_with_its_options(write: Callable[[str], None], load: Load) -> None:
    write(BLOCK)
    course = load()
    assert [str(problem) for problem in course.problems] == []
    actions = course.lessons[0].steps[1].actions[4:13]
    line = actions[0].line
    assert actions == (
        Build(
            "multi",
            line=line,
            args=(("VERSION", "1.2"), ("FAST", "true")),
            file="Dockerfile.pie",
            use_cache=False,
            say="Again",
        ),
        Run("multi", line=line, read_only=True, user="65532", env=(("PORT", "9000"),)),
        Exec("multi", ("/bin/sh", "-c", "exit 3"), Expectation.FAILURE, line),
        Fetch("multi", "/app", "fetched-app", line=line),
        Show("multi", ShowKind.SECTIONS, "builder", line),
        Stop("multi", "/slow?for=3s", Expectation.ANY, line),
        RunHealthcheck("multi", line=line),
        BuildTwice("multi", line),
        Change("Dockerfile.pie", "Touch it", line),
    )


@pytest.mark.parametrize(
    ("old", "new", "blamed", "said", "instead"),
    [
        (
            "file: Dockerfile.pie, cache",
            "file: Dockerfile.pi, cache",
            "```yaml do|9",
            '"Dockerfile.pi"',
            ".pie",
        ),
        ("file: Dockerfile.pie, cache", "file: /etc/passwd, cache", "build:|9", "leaves its folder", "below"),
        ("cache: false", "cache: never", "never", "true or false", ""),
        ("{VERSION: 1.2, FAST: true}", "[VERSION]", "[VERSION]", "args", ""),
        ("argv: [/bin/sh, -c, exit 3]", "argv: []", "exec:", "a list that is not empty", ""),
        ("path: /app", "path: app", "fetch:", '"app" is not a path', "begins with /"),
        ("to: fetched-app", "to: ../app", "fetch:", "leaves its folder", ""),
        ("what: sections", "what: section", "show:", '"section" is not known', 'Did you mean "sections"?'),
        ('during: "/slow?for=3s"', "during: slow", "stop:", '"slow" is not a path', ""),
        ("change: {file: Dockerfile.pie", "change: {file: mian.go", "```yaml do|9", '"mian.go"', ""),
        ("exec: {tag: multi", "exec: {tag: other", "```yaml do|9", '"other" is entered before', ""),
        ("show: {tag: multi", "show: {tag: other", "```yaml do|9", '"other" is shown before', ""),
        ("twice:", "thrice:", "thrice:", 'nothing to do called "thrice"', 'Did you mean "twice"?'),
    ],
)
def test_mistake_is_told_with_its_line_and_what_to_write(
    write: Callable[[str], None],
    load: Load,
    old: str,
    new: str,
    blamed: str,
    said: str,
    instead: str,
) -> None:
    assert old in BLOCK
    block = BLOCK.replace(old, new, 1)
    write(block)
    problems = load().problems
    matching = [problem for problem in problems if said in problem.what]
    assert matching, [str(problem) for problem in problems]
    assert instead in matching[0].next_step
    text, _, _ = blamed.partition("|")
    whole = (PLACE, block + PLACE)
    if text == "```yaml do":
        first_key = block.split("\n")[1]
        assert matching[0].line == line_of(first_key, whole) - 1
    else:
        at = next(line for line in block.split("\n") if text in line)
        assert matching[0].line == line_of(at, whole)
