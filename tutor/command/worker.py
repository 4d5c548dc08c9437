"""A worker process of the grader: it ends with the one who started it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing import connection

from tutor.command.grade_work import GradeTask, grade_submission

_GRACE_SECONDS = 20.0
"""Enough to stop a build and to take away what it made."""


_INTERRUPTED = threading.Event()


def grade_in_worker(task: GradeTask) -> str:
    """Grade one submission, and none any more once Ctrl+C was pressed.

    A pool hands its workers a few tasks ahead, which cannot be called back.

    Raises:
        KeyboardInterrupt: it was pressed; what was at work is tidied up.
    """
    if _INTERRUPTED.is_set():
        raise KeyboardInterrupt
    try:
        return grade_submission(task)
    except KeyboardInterrupt:
        _INTERRUPTED.set()
        raise


def end_with_parent() -> None:
    """Call it in a worker as it begins.

    A pool's worker waits for work for ever when the one who would send it was killed: its siblings
    hold the other end of the pipe.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), name="parent", daemon=True).start()


def _watch(sentinel: int) -> None:
    connection.wait([sentinel])
    # Nobody is left to read what it says.
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    # While it grades, the event loop takes this as a wish to stop, and tidies up; else it ends here.
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)
