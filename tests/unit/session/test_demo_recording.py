from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.session.test_demo import demo as demo
from tests.unit.session.test_demo import told, walk
from tutor.core.errors import StorageError
from tutor.core.events import BuildFinished, LogLines, Said
from tutor.session.demo import DemoSession
from tutor.session.demo_recording import (
    FILE_LIMIT_BYTES,
    LINE_LIMIT_BYTES,
    Recording,
    decode_recording,
    encode_recording,
    read_recording,
    steps_sha256,
    whole_moments,
    write_recording,
)
from tutor.session.demo_rehearsal import fetches, rehearse
from tutor.session.demo_replay import ReplaySession


def recording_of(demo: DemoSession) -> Recording:
    moments = whole_moments([demo.moment(index) for index in range(len(demo.steps))])
    return Recording(demo.lesson.slug, demo.source, "2026-01-02T03:04:05", steps_sha256(demo.steps), moments)


def lines_of(recording: Recording) -> list[dict[str, object]]:
    return [json.loads(line) for line in encode_recording(recording).splitlines()]


def file_of(lines: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


async def test_a_recording_read_back_holds_every_event_of_every_step(demo: DemoSession) -> None:
    await walk(demo)
    recording = recording_of(demo)
    assert len(recording.moments) == len(demo.steps)
    assert any(isinstance(event, BuildFinished) for moment in recording.moments for event in moment.events)
    assert decode_recording(encode_recording(recording)) == recording


async def test_a_recording_that_was_cut_short_gives_the_steps_that_are_whole(demo: DemoSession) -> None:
    await told(demo.jump(5))
    data = encode_recording(recording_of(demo))
    assert len(decode_recording(data[:-20]).moments) == 4


@pytest.mark.parametrize("data", [b"", b"{}", b"[1,2]\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"])
def test_what_is_no_recording_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(StorageError, match="no recording"):
        decode_recording(data)


async def test_a_recording_of_another_schema_is_refused(demo: DemoSession) -> None:
    lines = lines_of(recording_of(demo))
    lines[0]["schema"] = 99
    with pytest.raises(StorageError, match="another kind"):
        decode_recording(file_of(lines))


async def test_escape_sequences_and_endless_lines_do_not_reach_the_screen(demo: DemoSession) -> None:
    await told(demo.jump(4))
    lines = lines_of(recording_of(demo))
    hostile = [
        "LogLines",
        {"run_id": "1", "step_id": "1", "lines": ["\x1b]0;owned\x07red\x1b[31m", "x" * 10**6]},
    ]
    lines[4]["events"] = [hostile]
    lines[4]["at_seconds"] = [0.0]
    event = decode_recording(file_of(lines)).moments[3].events[0]
    assert isinstance(event, LogLines)
    assert event.lines[0] == "red"
    assert len(event.lines[1]) < 5_000


@pytest.mark.parametrize(
    "broken",
    [
        {"events": [["Popen", {}]], "at_seconds": [0.0]},
        {"events": [["Said", {"run_id": 3, "text": []}]], "at_seconds": [0.0]},
        {"events": [], "at_seconds": [0.0]},
        {"number": 7},
        {"sizes": [{"name": 1}]},
        {"prose": "word\n\n" * 10_000},
        {"before": "a\n" * 100_000},
        {"after": "a" * 3_000 + "\n" + "a\n" * 90_000},
        {"seconds": "[" * 50},
        {"went_well": "yes"},
    ],
)
async def test_a_step_that_no_demo_made_is_refused(demo: DemoSession, broken: dict[str, object]) -> None:
    lines = lines_of(recording_of(demo))
    lines[1] |= broken
    with pytest.raises(StorageError, match="step 1"):
        decode_recording(file_of(lines))


async def test_the_presenters_notes_are_recorded_and_a_recording_without_them_is_read(
    demo: DemoSession,
) -> None:
    await told(demo.jump(2))
    recording = recording_of(demo)
    noted = tuple(replace(moment, notes=("Mind the cache.",)) for moment in recording.moments)
    recording = replace(recording, moments=noted)
    assert decode_recording(encode_recording(recording)) == recording
    lines = lines_of(recording)
    for line in lines[1:]:
        del line["notes"]
    assert [moment.notes for moment in decode_recording(file_of(lines)).moments] == [(), ()]


async def test_a_recording_that_goes_on_after_the_last_step_ends_with_it(demo: DemoSession) -> None:
    await walk(demo)
    lines = lines_of(recording_of(demo))
    lines += [lines[-1] | {"number": len(demo.steps) + more} for more in (1, 2)]
    replay = ReplaySession(demo.lesson, decode_recording(file_of(lines)), speed=0)
    await told(replay.jump(len(demo.steps) + 2))
    assert replay.index == len(demo.steps) - 1
    assert isinstance((await told(replay.forward()))[0], Said)
    assert replay.index == len(demo.steps) - 1


def test_a_file_and_a_line_far_larger_than_a_recording_are_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "made.jsonl"
    path.touch()
    os.truncate(path, FILE_LIMIT_BYTES + 1)  # takes no room on the disk
    with pytest.raises(StorageError, match="larger"):
        read_recording(path)
    with pytest.raises(StorageError, match="larger"):
        decode_recording(b'{"kind": "' + b"x" * LINE_LIMIT_BYTES + b'"}\n')


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_a_pipe_or_a_folder_is_no_recording_and_is_not_waited_for(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "made.jsonl")
    with pytest.raises(StorageError, match="no plain file"):
        read_recording(tmp_path / "made.jsonl")


async def test_a_recording_of_a_newer_version_of_this_schema_is_played(demo: DemoSession) -> None:
    await told(demo.jump(4))
    lines = lines_of(recording_of(demo))
    lines[0] |= {"version": "99.0", "more": 1}
    assert len(decode_recording(file_of(lines)).moments) == 4


async def test_what_is_private_is_hidden_in_the_file(demo: DemoSession, tmp_path: Path) -> None:
    await told(demo.jump(4))
    path = tmp_path / "made" / "demo.jsonl"
    write_recording(path, recording_of(demo), lambda text: text.replace("docker 20.10", "engine"))
    assert b"docker 20.10" not in path.read_bytes()
    assert read_recording(path).engine == "engine (fake)"


@pytest.mark.parametrize("word", ["final", "passed", "fromscratch", "demo-two-stages", "BuildFinished"])
async def test_a_mask_that_hits_a_word_of_ours_leaves_the_recording_readable(
    demo: DemoSession, word: str
) -> None:
    await walk(demo)
    data = encode_recording(recording_of(demo), lambda text: text.replace(word, "x"))
    made = decode_recording(data)
    assert len(made.moments) == len(demo.steps)
    assert ReplaySession(demo.lesson, made).moment(3)


def test_a_recording_that_is_not_there_is_told_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as refused:
        read_recording(tmp_path / "none.jsonl")
    assert "--rehearse" in refused.value.next_step


async def test_a_replay_shows_the_same_moments_at_its_own_speed(demo: DemoSession) -> None:
    await walk(demo)
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    recording = recording_of(demo)
    slow = [m.events for m in recording.moments]
    replay = ReplaySession(demo.lesson, recording, speed=2.0, wait=wait)
    for index in range(1, len(demo.steps)):
        assert tuple(await told(replay.forward())) == slow[index]
        assert replay.moment(index) == demo.moment(index)
    assert isinstance((await told(replay.forward()))[0], Said)
    assert all(wait <= 1.5 for wait in waits)
    await told(replay.back())
    assert replay.index == len(demo.steps) - 2


async def test_the_speed_of_a_replay_divides_its_waits_and_0_waits_for_nothing(demo: DemoSession) -> None:
    await told(demo.jump(4))
    lines = lines_of(recording_of(demo))
    events: Any = lines[4]["events"]
    lines[4]["at_seconds"] = [float(min(at, 2) * 2 + 100 * (at > 2)) for at in range(len(events))]
    waits: dict[float, list[float]] = {}
    for speed in (0.0, 0.5, 1.0, 4.0):
        made = waits[speed] = []

        async def wait(seconds: float, made: list[float] = made) -> None:
            made.append(seconds)

        replay = ReplaySession(demo.lesson, decode_recording(file_of(lines)), speed=speed, index=2, wait=wait)
        assert len(await told(replay.forward())) == len(events)
    assert waits == {0.0: [], 0.5: [4.0, 4.0, 6.0], 1.0: [2.0, 2.0, 3.0], 4.0: [0.5, 0.5, 0.75]}


async def test_a_replay_runs_and_grades_nothing(demo: DemoSession) -> None:
    await walk(demo)
    asked = list(demo.scene.engine.asked)  # type: ignore[attr-defined]  # the fake's own
    replay = ReplaySession(demo.lesson, recording_of(demo), speed=0)
    await told(replay.jump(len(demo.steps)))
    refused = (await told(replay.redo()))[0]
    assert isinstance(refused, Said)
    assert "graded" in refused.text
    assert replay.predict("5") is not None
    assert demo.scene.engine.asked == asked  # type: ignore[attr-defined]  # the fake's own


async def test_a_recording_of_a_lesson_that_has_changed_is_refused(demo: DemoSession) -> None:
    recording = recording_of(demo)
    other = Recording(recording.lesson, "x", "now", "0" * 64, recording.moments)
    with pytest.raises(StorageError, match="another version"):
        ReplaySession(demo.lesson, other)


async def test_a_rehearsal_walks_all_steps_and_tells_the_one_that_went_otherwise(demo: DemoSession) -> None:
    rows = [row async for row in rehearse(demo)]
    assert [row.step.number for row in rows] == list(range(2, len(demo.steps) + 1))
    assert [row.step.number for row in rows if row.went_well is False] == [9]


async def test_a_rehearsal_obtains_a_missing_base_and_says_that_it_was_needed(demo: DemoSession) -> None:
    demo.scene.engine.script.missing_bases.add("golang:1.21-alpine")  # type: ignore[attr-defined]  # the fake's own
    rows = [row async for row in rehearse(demo)]
    assert [row.network for row in rows if row.network] == [
        ("golang:1.21-alpine was made here; it is on this engine now",)
    ]


@pytest.mark.parametrize(
    ("instruction", "needs"),
    [
        ("RUN apk add --no-cache upx", True),
        ("RUN cd /src && go mod download", True),
        ("RUN --mount=type=cache,target=/x GOPROXY=direct go get example.org/x", True),
        ("RUN set -e; apt-get -qq update && apt-get install -y upx", True),
        ("RUN for name in sh grep wget; do ln -s busybox /bin/$name; done", False),
        ("RUN echo apk add", False),
        ("RUN CGO_ENABLED=0 go build -o /app .", False),
        ("COPY curl.go .", False),
        ("RUN ./curlew", False),
    ],
)
def test_a_line_that_fetches_is_known_by_its_words(instruction: str, needs: bool) -> None:
    assert fetches(instruction) is needs


def test_a_download_of_modules_needs_no_network_where_none_are_named() -> None:
    assert not fetches("RUN go mod download", has_modules=False)
