from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest

from tutor.core.errors import StorageError
from tutor.core.progress import LessonProgress
from tutor.core.store import ProgressStore
from tutor.core.verdict import CheckpointReport, Outcome, Prediction, Verdict
from tutor.storage.database import SqliteProgressStore


def report(
    lesson: str = "two-stages", *, passed: int = 0, failed: int = 0, at: str = "t0"
) -> CheckpointReport:
    verdicts = tuple(
        Verdict(
            f"c{number}", "A check", Outcome.PASSED if number < passed else Outcome.FAILED, actual="é [red]"
        )
        for number in range(passed + failed)
    )
    outcome = Outcome.FAILED if failed else Outcome.PASSED
    return CheckpointReport(lesson, outcome, verdicts, "docker", at, 1.5, "ab" * 32, notes=("a note",))


def test_it_fills_the_port(store: SqliteProgressStore) -> None:
    port: ProgressStore = store
    assert port.last_lesson() is None


def test_a_lesson_never_opened_is_at_its_start(store: SqliteProgressStore) -> None:
    assert store.lesson_progress("two-stages") == LessonProgress("two-stages")


def test_progress_comes_back_as_it_was_after_reopening(database: Path) -> None:
    progress = LessonProgress("two-stages", 3, ("read/0", "build/1"), "t1", "t2", 12.5)
    first = SqliteProgressStore(database)
    first.save_lesson_progress(progress)
    first.close()
    second = SqliteProgressStore(database)
    assert second.lesson_progress("two-stages") == progress
    second.close()


def test_the_lesson_saved_last_is_the_last_lesson(store: SqliteProgressStore) -> None:
    for lesson in ("one", "two", "one"):
        store.save_lesson_progress(LessonProgress(lesson))
    assert store.last_lesson() == "one"


def test_a_reset_forgets_the_place_and_keeps_attempts_and_time(store: SqliteProgressStore) -> None:
    store.save_lesson_progress(LessonProgress("one", 4, ("a/0",), "t1", "t2", 60.0))
    store.add_attempt(report("one", passed=1), "{}")
    store.reset_lesson("one")
    progress = store.lesson_progress("one")
    assert (progress.step, progress.done, progress.seconds_spent) == (0, (), 60.0)
    assert len(store.attempts("one")) == 1
    assert store.last_lesson() == "one"


def test_resetting_a_lesson_never_opened_changes_nothing(store: SqliteProgressStore) -> None:
    store.reset_lesson("one")
    assert store.last_lesson() is None


def test_an_attempt_comes_back_whole(store: SqliteProgressStore) -> None:
    stored = store.add_attempt(report(passed=1, failed=1), '{"files": ["/app\\udc80"], "é": 1}')
    assert store.attempts("two-stages") == (stored,)


def test_evidence_with_lone_surrogates_survives(store: SqliteProgressStore) -> None:
    store.add_attempt(report(passed=1), '"\udc80"')
    assert store.attempts("two-stages")[0].evidence_json == '"\udc80"'


def test_attempts_are_told_oldest_first_and_by_lesson(store: SqliteProgressStore) -> None:
    for at in ("t1", "t2", "t3"):
        store.add_attempt(report(passed=1, at=at), "{}")
    store.add_attempt(report("other", passed=1), "{}")
    assert [attempt.report.taken_at for attempt in store.attempts("two-stages")] == ["t1", "t2", "t3"]


def test_the_best_attempt_is_the_first_that_passed(store: SqliteProgressStore) -> None:
    store.add_attempt(report(passed=5, failed=1, at="close"), "{}")
    store.add_attempt(report(passed=2, at="first pass"), "{}")
    store.add_attempt(report(passed=6, at="second pass"), "{}")
    store.add_attempt(report(passed=1, failed=5, at="broken again"), "{}")
    best = store.best_attempt("two-stages")
    assert best is not None
    assert best.report.taken_at == "first pass"


def test_without_a_pass_the_best_attempt_has_most_passed_checks(store: SqliteProgressStore) -> None:
    for at, passed in (("one", 1), ("three", 3), ("three again", 3), ("two", 2)):
        store.add_attempt(report(passed=passed, failed=1, at=at), "{}")
    best = store.best_attempt("two-stages")
    assert best is not None
    assert best.report.taken_at == "three"


def test_there_is_no_best_of_no_attempts(store: SqliteProgressStore) -> None:
    assert store.best_attempt("two-stages") is None


def test_a_prediction_is_updated_in_its_place(store: SqliteProgressStore) -> None:
    first = Prediction("one", "size", "How big?", "MB", "5", 2)
    second = Prediction("one", "starts", "Will it start?", "yes-no", "")
    store.save_prediction(first)
    store.save_prediction(second)
    measured = Prediction("one", "size", "How big?", "MB", "5", 2, actual="4.7", why="no symbols")
    store.save_prediction(measured)
    store.save_prediction(Prediction("other", "size", "How big?", "MB", "9"))
    assert store.predictions("one") == (measured, second)


def test_settings_have_a_default_and_are_replaced(store: SqliteProgressStore) -> None:
    assert store.setting("theme", "dark") == "dark"
    store.save_setting("theme", "light")
    store.save_setting("theme", "dracula")
    assert store.setting("theme", "dark") == "dracula"


def test_cached_evidence_comes_back(store: SqliteProgressStore) -> None:
    assert store.cached_evidence("sha256:1/1") is None
    store.cache_evidence("sha256:1/1", '{"old": true}')
    store.cache_evidence("sha256:1/1", '{"new": true}')
    assert store.cached_evidence("sha256:1/1") == '{"new": true}'


def test_a_full_cache_lets_go_of_what_was_used_longest_ago(database: Path) -> None:
    store = SqliteProgressStore(database, cache_limit_bytes=50)
    for key in "abc":
        store.cache_evidence(key, f'{{"key": "{key}"}}')
    assert store.cached_evidence("a") is None
    store.cached_evidence("b")
    store.cache_evidence("d", '{"key": "d"}')
    assert [key for key in "abcd" if store.cached_evidence(key)] == ["b", "d"]
    store.close()


def test_evidence_larger_than_the_whole_cache_is_not_kept(database: Path) -> None:
    store = SqliteProgressStore(database, cache_limit_bytes=10)
    store.cache_evidence("a", '{"key": "value"}')
    assert store.cached_evidence("a") is None
    store.close()


def test_many_threads_lose_nothing(store: SqliteProgressStore) -> None:
    def work(number: int) -> None:
        for turn in range(10):
            store.add_attempt(report(f"lesson-{number}", passed=1, at=str(turn)), "{}")
            store.save_setting(f"{number}-{turn}", "set")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(store.attempts(f"lesson-{number}")) for number in range(8)] == [10] * 8
    assert all(store.setting(f"{number}-{turn}") for number in range(8) for turn in range(10))


def open_and_write(path: Path, number: int) -> None:
    store = SqliteProgressStore(path)
    for turn in range(10):
        store.save_setting(f"{number}-{turn}", "set")
    store.close()


def test_several_processes_may_begin_the_same_file_at_once(database: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=open_and_write, args=(database, number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    store = SqliteProgressStore(database)
    assert all(store.setting(f"{number}-{turn}") for number in range(4) for turn in range(10))
    assert store.notices == ()
    store.close()


def test_a_closed_store_says_so_and_closes_twice(database: Path) -> None:
    store = SqliteProgressStore(database)
    store.close()
    store.close()
    with pytest.raises(StorageError, match="closed"):
        store.setting("theme")
