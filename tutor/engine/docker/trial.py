"""Trying the places where an engine may answer."""

from __future__ import annotations

import asyncio
import errno
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import docker.errors
import requests.exceptions

from tutor.core.text import clean_line
from tutor.engine.docker.connection import Connection, engine_seconds, open_api
from tutor.engine.docker.discovery import Candidate, Trial, candidates

TRY_SECONDS = 5.0


async def find_engine(environ: Mapping[str, str], home: Path) -> tuple[Connection | None, tuple[Trial, ...]]:
    """Try each place in order until an engine answers; tell what came of each that was tried."""
    trials: list[Trial] = []
    for candidate in candidates(environ, home):
        connection, trial = await try_candidate(candidate)
        trials.append(trial)
        if connection is not None:
            return connection, tuple(trials)
    return None, tuple(trials)


async def try_candidate(candidate: Candidate) -> tuple[Connection | None, Trial]:
    """Connect to one place."""
    if candidate.error:
        return None, Trial(candidate, candidate.error, "See them with: docker context ls")
    try:
        connection = await asyncio.to_thread(_connect, candidate)
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as fault:
        return None, _explained(candidate, fault)
    return connection, Trial(candidate)


def _connect(candidate: Candidate) -> Connection:
    api, version = open_api(candidate, TRY_SECONDS)
    try:
        asked = time.time()
        information = api.info()
        answered = time.time()
    except BaseException:
        api.close()
        raise
    connection = Connection(api, candidate, version, information)
    if engine_time := engine_seconds(str(information.get("SystemTime", ""))):
        ahead = engine_time - (asked + answered) / 2
        # Less than the time it took to ask means nothing.
        connection.clock_offset = ahead if abs(ahead) > 0.5 + (answered - asked) else 0.0
    return connection


def _explained(candidate: Candidate, fault: Exception) -> Trial:
    numbers = {link.errno for link in _links(fault) if isinstance(link, OSError)}
    path = candidate.socket_path
    if numbers & {errno.EACCES, errno.EPERM}:
        return Trial(
            candidate,
            f"you may not use {path or candidate.url}",
            "Add yourself to its group: sudo usermod -aG docker $USER, then log out and in "
            "(or start this program with sudo).",
        )
    if path is not None and (errno.ENOENT in numbers or not path.exists()):
        return Trial(candidate, f"there is no {path}", _start_hint())
    if numbers & {errno.ECONNREFUSED, errno.ENOENT}:
        return Trial(candidate, f"nothing answers at {path or candidate.url}", _start_hint())
    text = clean_line(str(fault), 300)
    if "timed out" in text.lower():
        return Trial(candidate, f"no answer within {TRY_SECONDS:g} s", "Is that engine running?")
    if "ssh" in candidate.url and "docker[ssh]" in text:
        return Trial(candidate, "an engine over ssh needs paramiko", "pip install 'docker[ssh]'")
    return Trial(candidate, text, "")


def _start_hint() -> str:
    if sys.platform == "darwin":
        return "Start Docker Desktop, Colima or OrbStack."
    return "Start it: sudo systemctl start docker (or, where there is no systemd: sudo dockerd)."


def _links(fault: BaseException) -> list[BaseException]:
    """The fault and what is wrapped in it, in causes and in arguments, as requests and urllib3 do."""
    links: list[BaseException] = []
    waiting: list[BaseException] = [fault]
    while waiting:
        link = waiting.pop()
        if link in links:
            continue
        links.append(link)
        waiting += [
            each for each in (link.__cause__, link.__context__, *link.args) if isinstance(each, BaseException)
        ]
        reason = getattr(link, "reason", None)
        if isinstance(reason, BaseException):
            waiting.append(reason)
    return links
