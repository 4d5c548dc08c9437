import pytest

from tutor.core.dockerfile import parse_dockerfile
from tutor.engine.docker.build_plan import BuildPlan
from tutor.engine.docker.explanation import line_of, means_base_missing, nearest_stage, next_step

PLAN = BuildPlan(
    parse_dockerfile(
        "FROM golang AS builder\n"
        "RUN go build\n"
        "FROM scratch\n"
        "COPY --from=builder /app /app\n"
        "COPY conf /conf\n"
        "RUN echo hi\n"
    )
)


@pytest.mark.parametrize(
    ("error", "line", "said"),
    [
        ("dockerfile parse error line 3: unknown instruction: FORM", 3, "Did you mean FROM?"),
        ("Dockerfile parse error on line 9: unknown instruction: XYZZY", 9, "An instruction is one of"),
        ("COPY failed: file not found in build context: stat conf: file does not exist", 5, "holds no conf"),
        ('failed to compute cache key: "/conf" not found: not found', 5, "build context"),
        ('failed to calculate checksum of ref x::y: "/app": not found', 4, "Stage builder holds no /app"),
        (
            'failed to compute cache key: "/src/app" not found: not found',
            4,
            "Stage builder holds no /src/app:",
        ),
        (
            (
                "failed to solve: failed to compute cache key: failed to calculate checksum of ref a::b: "
                '"/src/app": not found'
            ),
            4,
            "Stage builder holds no /src/app:",
        ),
        ("COPY failed: stat src/app: file does not exist", 4, "Stage builder holds no /src/app:"),
        (
            (
                "failed to compute cache key: failed to walk /var/lib/docker/tmp/buildkit-mount12/src: "
                "lstat /var/lib/docker/tmp/buildkit-mount12/src/app: no such file or directory"
            ),
            4,
            "Stage builder holds no /src/app:",
        ),
        (
            (
                "COPY failed: file not found in build context or excluded by .dockerignore: "
                "stat conf: file does not exist"
            ),
            5,
            "and it holds no conf:",
        ),
        ("COPY failed: no source files were specified", 5, "does not hold what this line copies"),
        ("failed to compute cache key: nobody knows", 4, "Stage builder does not hold what this line copies"),
        ("target stage nope could not be found", None, "builder, 1"),
        ("failed to reach build target nope in Dockerfile", None, "builder, 1"),
        ("The command '/bin/sh -c go build' returned a non-zero code: 1", 2, "what it printed"),
        ('process "/bin/sh -c go build" did not complete successfully: exit code: 1', 2, "what it printed"),
        ('exec: "/bin/sh": stat /bin/sh: no such file or directory', 6, "no shell"),
        ("executor failed running [/bin/sh -c echo hi]: exit code: 1", 6, "no shell"),
        ("something nobody has seen", None, ""),
    ],
)
def test_a_failure_is_explained(error: str, line: int | None, said: str) -> None:
    told = next_step(error, PLAN, line)
    assert said in told
    assert bool(told) == bool(said)


def test_the_line_is_the_one_that_the_text_names_or_quotes() -> None:
    assert line_of("dockerfile parse error line 3: unknown instruction: FORM", PLAN) == 3
    assert line_of("invalid from flag value builder: nothing", PLAN) == 4
    assert line_of("something else", PLAN) is None


@pytest.mark.parametrize(
    "error",
    [
        "invalid from flag value biulder: pull access denied for biulder, repository does not exist",
        'failed to do request: Head "https://registry-1.docker.io/v2/library/x": no such host',
        "manifest for x:1 not found: manifest unknown",
        "golang:9: failed to resolve source metadata for docker.io/library/golang:9",
    ],
)
def test_a_registry_that_did_not_help_means_a_missing_base(error: str) -> None:
    assert means_base_missing(error)


def test_a_failed_command_does_not_mean_a_missing_base() -> None:
    assert not means_base_missing("executor failed running [/bin/sh -c go build]: exit code: 1")


def test_the_nearest_stage_is_named_only_when_it_is_near() -> None:
    assert nearest_stage("Biulder", PLAN.stages) == "builder"
    assert nearest_stage("nginx", PLAN.stages) == ""
