"""What a learner types at each edit that the lessons ask for: the file, and what becomes of its text."""

from __future__ import annotations

from pathlib import Path

from tests.engines.learner import Change, replaced, then, whole, without

LESSONS = Path(__file__).parents[2] / "lessons"
Edits = tuple[tuple[str, Change], ...]


def answer(path: str) -> Change:
    """The file of a right answer, typed as a whole."""
    return whole((LESSONS / path).read_text())


CERTIFICATES = replaced(
    "# begin again",
    "RUN mkdir -p /etc/ssl/certs && /app -lab-ca >> /etc/ssl/certs/ca-certificates.crt\n\n# begin again",
)
BUNDLE = "COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/"
ZONES = "COPY --from=builder /usr/local/go/lib/time/zoneinfo.zip /usr/local/go/lib/time/"
PASSWD = "COPY --from=builder /etc/passwd /etc/passwd"
BEFORE_PROGRAM = "COPY --from=builder /app /app"


def also(line: str) -> Change:
    """One line more, above the one that brings the program."""
    return replaced(BEFORE_PROGRAM, f"{line}\n{BEFORE_PROGRAM}")


STAGE_THAT_COMPILES = (LESSONS / "12-from-an-empty-file/right/all-of-it/Dockerfile").read_text()
EDITS: dict[str, Edits] = {
    "one-big-image": (("Dockerfile", replaced("ENV PORT=3000", "ENV PORT=8080")),),
    "two-stages": (
        (
            "Dockerfile",
            then(
                replaced("golang:1.21-alpine", "golang:1.21-alpine AS builder"),
                without("# start the service", "EXPOSE 8080", 'ENTRYPOINT ["/app"]'),
            ),
        ),
        ("Dockerfile", replaced("biulder", "builder")),
        ("Dockerfile", replaced("/src/app /app", "/app /app")),
    ),
    "what-scratch-lacks": (
        ("Dockerfile", then(CERTIFICATES, also(BUNDLE))),
        ("Dockerfile", then(without("ENV TZ=Asia/Tokyo"), also(ZONES))),
        ("Dockerfile", also("WORKDIR /tmp")),
        ("Dockerfile", also(PASSWD)),
    ),
    "attack-surface": (("Dockerfile", replaced(" && chmod 700 /app", "")),),
    "cache-and-context": (
        ("Dockerfile", answer("08-cache-and-context/right/standard-library-first/Dockerfile")),
        (".dockerignore", lambda text: f"{text}app\n.git\n"),
        (".dockerignore", lambda text: f"{text}deploy.key\n"),
        ("Dockerfile", answer("08-cache-and-context/right/standard-library-first/Dockerfile")),
    ),
    "run-it-well": (
        ("Dockerfile", replaced('["/app"]', '["/app", "-drain=10s"]')),
        ("Dockerfile", replaced("curl -f http://127.0.0.1:8080/health", '["/app", "-healthcheck"]')),
        ("Dockerfile", without("ENV LISTEN=127.0.0.1")),
    ),
    "any-linux": (
        ("Dockerfile", replaced("GOARCH=arm64 ", "")),
        (
            "Dockerfile",
            then(
                replaced("$(date +%s)", "${VERSION}"),
                replaced("WORKDIR /src", "WORKDIR /src\nARG VERSION=1.2.0"),
            ),
        ),
    ),
    "choose-your-base": (
        (
            "choice.yaml",
            then(
                replaced('rates: "?"', "rates: distroless"),
                replaced('counter: "?"', "counter: scratch"),
                replaced('converter: "?"', "converter: alpine"),
            ),
        ),
        ("Dockerfile", answer("11-choose-your-base/right/data-and-no-tools/Dockerfile")),
    ),
    "from-an-empty-file": (
        ("Dockerfile", whole(STAGE_THAT_COMPILES.partition("# what the program")[0])),
        ("Dockerfile", whole(STAGE_THAT_COMPILES.partition("# run")[0])),
        ("Dockerfile", whole(STAGE_THAT_COMPILES)),
        (".dockerignore", whole("deploy.key\napp\n.git\n")),
    ),
}
"""What the learner types at each edit that NEXT asks for: the file, and what becomes of its text."""
