import os
import subprocess
import sys
from pathlib import Path

import pytest

from tutor.engine.docker.ownership import (
    Mark,
    decode_mark,
    home_of,
    image_labels,
    is_ours,
    owner_lives,
    this_process,
)


def test_this_process_lives() -> None:
    assert owner_lives(this_process())


def test_a_process_that_ended_does_not() -> None:
    code = "from tutor.engine.docker.ownership import this_process; print(this_process())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not owner_lives(done.stdout.strip())


def test_a_number_that_another_process_has_now_is_not_the_old_owner() -> None:
    machine, _, _ = this_process().split(":")
    assert not owner_lives(f"{machine}:{os.getpid()}:another-start")


def test_an_owner_on_another_machine_counts_as_alive() -> None:
    assert owner_lives("elsewhere:1:2")


@pytest.mark.parametrize("owner", ["", "x", "a:b:c", "::", "a"])
def test_an_owner_that_is_none_is_dead(owner: str) -> None:
    assert not owner_lives(owner)


def test_a_mark_survives_the_journal() -> None:
    mark = Mark("m:1:2", ("a:1", "b:2"), 1.5, 2.5, "classic", ("", "sha256:x"))
    assert decode_mark(mark.encode()) == mark


@pytest.mark.parametrize(
    "detail", ["", "nothing", "[]", "3", '{"started": "x"}', '{"references": 3}', "null"]
)
def test_a_detail_that_is_no_mark_is_an_empty_one(detail: str) -> None:
    assert decode_mark(detail) == Mark()


def test_labels_of_one_learner_are_not_anothers(tmp_path: Path) -> None:
    mine, theirs = home_of(tmp_path / "a"), home_of(tmp_path / "b")
    assert mine != theirs
    assert is_ours(image_labels("x", mine), mine)
    assert not is_ours(image_labels("x", mine), theirs)
    assert not is_ours(None, mine)
    assert not is_ours({}, mine)


def test_labels_of_an_image_are_the_same_for_every_run() -> None:
    assert image_labels("lesson", "home") == image_labels("lesson", "home")
    assert this_process() not in image_labels("lesson", "home").values()
