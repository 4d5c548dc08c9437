"""What NEXT says of one task, and the command that a learner could type instead."""

from __future__ import annotations

import shlex

from tutor.core.lesson import (
    Build,
    BuildTwice,
    Change,
    Edit,
    Exec,
    Fetch,
    Fill,
    Lay,
    Lesson,
    Order,
    Predict,
    Probe,
    Quiz,
    Run,
    RunHealthcheck,
    Show,
    ShowKind,
    Stop,
    Task,
    image_reference,
)
from tutor.session.view import NextAction, NextKind

CONTAINER = "CONTAINER"
"""Stands in commands for the id of the container that runs."""

_SHOWN = {
    ShowKind.FILES: "Look at the files of the image",
    ShowKind.CONTAINER: "Look at what the engine adds to a running container",
    ShowKind.LOG: "Read the container's log",
    ShowKind.LAYERS: "Look at the layers",
    ShowKind.BINARY: "Look at the program",
    ShowKind.SECTIONS: "Look at the program section by section",
    ShowKind.MODULES: "Look at what the program says of its build",
    ShowKind.SYMBOLS: "Look at the program's symbols",
    ShowKind.SURFACE: "Count what is inside",
    ShowKind.CONFIG: "Look at how the image starts",
    ShowKind.CONTEXT: "Look at what a build sends",
    ShowKind.COMPARE: "Lay the images side by side",
}


def described(lesson: Lesson, task: Task, address: str) -> NextAction:
    """What NEXT says while this is the task to do."""
    reference = image_reference(lesson.slug, getattr(task, "tag", lesson.tag))
    match task:
        case Predict():
            return NextAction(NextKind.PREDICT, f"Predict: {task.ask}", predict=task)
        case Quiz():
            return NextAction(NextKind.QUIZ, task.ask, exercise=task)
        case Order():
            return NextAction(NextKind.ORDER, task.ask, exercise=task)
        case Fill():
            return NextAction(NextKind.FILL, task.ask, exercise=task)
        case Build():
            return NextAction(NextKind.BUILD, task.say or "Build the image", build_command(task, reference))
        case Run():
            label = task.say or "Run the image"
            return NextAction(NextKind.RUN, label, run_command(task, reference, lesson.port))
        case Probe():
            host = address or "127.0.0.1:PORT"
            label = task.say or f"Ask {' and '.join(task.paths)}"
            return NextAction(NextKind.PROBE, label, f"curl -i http://{host}{task.paths[0]}")
        case Exec():
            words = shlex.join(task.argv)
            label = task.say or f"Run {words} inside the container"
            return NextAction(NextKind.EXEC, label, f"docker exec {CONTAINER} {words}")
        case Fetch():
            label = task.say or f"Copy {task.path} out of the running container"
            return NextAction(NextKind.FETCH, label, f"docker cp {CONTAINER}:{task.path} {task.to}")
        case Show():
            return NextAction(NextKind.SHOW, task.say or _SHOWN[task.what], show_command(task, reference))
        case Stop():
            label = task.say or f"Stop it while it answers {task.during}"
            return NextAction(NextKind.STOP, label, f"docker stop {CONTAINER}")
        case RunHealthcheck():
            label = task.say or "Run the image's health check inside"
            command = f"docker inspect -f '{{{{.Config.Healthcheck.Test}}}}' {reference}"
            return NextAction(NextKind.HEALTHCHECK, label, command)
        case BuildTwice():
            label = task.say or "Build twice without a cache and compare the programs"
            return NextAction(NextKind.TWICE, label, f"docker build --no-cache -t {reference} .")
        case Lay():
            return NextAction(NextKind.LAY, task.say or "Lay the lab's files into your workspace")
        case Change():
            label = task.say or f"Add one line to {task.file}"
            line = changed_line(task.file)
            return NextAction(NextKind.CHANGE, label, f"echo '{line}' >> {shlex.quote(task.file)}")
        case Edit():
            return NextAction(NextKind.EDIT, task.say, file=task.file)


def changed_line(file: str) -> str:
    """A comment in the language of a file."""
    return "// one line more" if file.endswith((".go", ".mod")) else "# one line more"


def build_command(action: Build, reference: str) -> str:
    """``docker build …`` as the learner could type it."""
    words = ["docker", "build", "-t", reference]
    for name, value in action.args:
        words += ["--build-arg", f"{name}={value}"]
    if action.file != "Dockerfile":
        words += ["-f", action.file]
    if not action.use_cache:
        words.append("--no-cache")
    return shlex.join([*words, "."])


def run_command(action: Run, reference: str, port: int) -> str:
    """``docker run …`` as the learner could type it."""
    words = ["docker", "run", "-d", "-p", f"127.0.0.1::{action.port or port}"]
    if action.read_only:
        words.append("--read-only")
    if action.user:
        words += ["--user", action.user]
    for name, value in action.env:
        words += ["-e", f"{name}={value}"]
    return shlex.join([*words, reference])


def show_command(action: Show, reference: str) -> str:
    """How to see the same by hand, as near as a command comes."""
    if action.stage:
        reference = f"{reference}-{action.stage}"
    match action.what:
        case ShowKind.CONTAINER:
            return f"docker export {CONTAINER} | tar t"
        case ShowKind.LOG:
            return f"docker logs {CONTAINER}"
        case ShowKind.LAYERS:
            return f"docker history {reference}"
        case ShowKind.CONFIG:
            return f"docker inspect {reference}"
        case ShowKind.CONTEXT:
            return "cat .dockerignore"
        case ShowKind.COMPARE:
            return f"docker images {reference.partition(':')[0]}"
        case ShowKind.FILES | ShowKind.SURFACE:
            return f"docker save {reference} | tar x"
        case ShowKind.BINARY:
            return "file app; readelf -ld app"
        case ShowKind.SECTIONS:
            return "readelf -SW app"
        case ShowKind.SYMBOLS:
            return "go tool nm app"
        case ShowKind.MODULES:
            return "go version -m app"
