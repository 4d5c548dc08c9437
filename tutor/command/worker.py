"""A worker process of the grader: it tidies up when it is told to stop, and ends with its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing import connection
from types import FrameType

from tutor.command.grade_work import GradeTask, grade_submission

_GRACE_SECONDS = 20
"""Enough to stop a build and to take away what it made."""
_AT_WORK = threading.Event()
_STOPPING = threading.Event()
_INTERRUPTED = threading.Event()


def grade_in_worker(task: GradeTask) -> str:
    """Grade one submission, and none any more once Ctrl+C was pressed.

    A pool hands its workers a few tasks ahead, which cannot be called back.

    Raises:
        KeyboardInterrupt: it was pressed; what was at work is tidied up.
    """
    if _INTERRUPTED.is_set():
        raise KeyboardInterrupt
    _AT_WORK.set()
    try:
        return grade_submission(task)
    except KeyboardInterrupt:
        if _STOPPING.is_set():
            os._exit(1)
        _INTERRUPTED.set()
        raise
    finally:
        _AT_WORK.clear()


def begin_worker() -> None:
    """Call it in a worker as it begins.

    The pool ends its workers by SIGTERM when it has lost one of them. It cannot when it was killed
    itself: a worker would wait for work for ever, since its siblings hold the other end of the pipe.
    """
    signal.signal(signal.SIGTERM, _stop)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), name="parent", daemon=True).start()


def _stop(_number: int, _frame: FrameType | None) -> None:
    if not _AT_WORK.is_set():
        os._exit(1)
    if not _STOPPING.is_set():
        _STOPPING.set()
        # The system ends it when tidying up takes longer.
        signal.alarm(_GRACE_SECONDS)
        # Leaves the event loop, which cancels what is under way: builds and runs are undone.
        raise KeyboardInterrupt


def _watch(sentinel: int) -> None:
    connection.wait([sentinel])
    # Not SIGINT: a shell that runs the command in its background has that one ignored.
    os.kill(os.getpid(), signal.SIGTERM)
