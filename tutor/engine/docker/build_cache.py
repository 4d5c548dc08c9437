"""BuildKit's cache: which records a build made, and taking exactly those away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, cast

import docker.errors

from tutor.core.errors import EngineError
from tutor.engine.docker.connection import Connection, engine_seconds

WINDOW_SECONDS = 5.0
"""How long after an owner was last seen its build may have made records."""


async def cache_records(connection: Connection) -> dict[str, dict[str, Any]]:
    """All records by id. Slow on engines before API 1.42, which measure images and volumes as well."""

    def ask() -> dict[str, Any]:
        api = connection.api
        path = f"{api.base_url}/v{api.api_version}/system/df"
        params = {"type": "build-cache"} if connection.api_at_least(1, 42) else {}
        with contextlib.closing(api.request("GET", path, params=params, timeout=300)) as response:
            response.raise_for_status()
            value: dict[str, Any] = response.json()
            return value

    answer = await connection.call("listing the build cache", ask)
    return {str(record["ID"]): record for record in answer.get("BuildCache") or ()}


def made_since(records: Mapping[str, Mapping[str, Any]], before: Collection[str], started: float) -> set[str]:
    """Ids of records that are new: not there before, or made after the start by the engine's clock.

    The list from before may itself have been taken while the build ran.
    """
    return {
        record_id
        for record_id, record in records.items()
        if record_id not in before or engine_seconds(str(record.get("CreatedAt", ""))) >= started
    }


def made_between(records: Mapping[str, Mapping[str, Any]], started: float, until: float) -> set[str]:
    """Ids of records made while a build ran whose owner died."""
    return {
        record_id
        for record_id, record in records.items()
        if started <= engine_seconds(str(record.get("CreatedAt", ""))) <= until
    }


async def prune_records(
    connection: Connection, record_ids: Collection[str], *, patience_seconds: float = 0.0
) -> tuple[dict[str, str], int]:
    """Remove these records and no others.

    A record that another is built on cannot go first, and one whose build has just been stopped is
    held for a moment: ``patience_seconds`` says how long to go on trying.

    Returns:
        What was left and why, by id, and the bytes that came free.
    """
    left = dict.fromkeys(record_ids, "")
    reclaimed = 0
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while left:
        records = await cache_records(connection)
        gone = [record_id for record_id in left if record_id not in records]
        for record_id in gone:
            del left[record_id]
        progress = bool(gone)
        for record_id in _leaves_first(left, records):
            deleted, freed = await _prune(connection, record_id)
            reclaimed += freed
            progress = progress or bool(deleted)
            for each in deleted:
                left.pop(each, None)
        if left and not progress:
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(0.05)
    reason = "the engine still uses it"
    return dict.fromkeys(left, reason), reclaimed


async def prune_until_quiet(
    connection: Connection,
    find: Callable[[], Awaitable[set[str]]],
    *,
    quiet_seconds: float,
    patience_seconds: float,
) -> tuple[dict[str, str], int, set[str]]:
    """Remove what ``find`` gives until it has given nothing for ``quiet_seconds``.

    A build that was just stopped may still finish a record, and the engine hides some while it works.

    Returns:
        What was left and why, the bytes that came free, and all ids that were found.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + patience_seconds
    busy_until, done = clock(), False
    reclaimed = 0
    found: set[str] = set()
    left: dict[str, str] = {}
    while not done:
        new = await find()
        found |= new
        left = {}
        if new:
            left, freed = await prune_records(connection, new, patience_seconds=deadline - clock())
            reclaimed += freed
            busy_until = clock()
        done = clock() >= deadline or (not new and clock() >= busy_until + quiet_seconds)
        if not done:
            await asyncio.sleep(0.1)  # the engine tells nobody when it lets a record go
    return left, reclaimed, found


async def _prune(connection: Connection, record_id: str) -> tuple[list[str], int]:
    filters = cast(Any, {"id": [record_id]})
    try:
        answer = await connection.attempt(
            "removing a cache record", connection.api.prune_builds, filters=filters, all=True
        )
    except docker.errors.APIError:
        return [], 0
    return list(answer.get("CachesDeleted") or ()), int(answer.get("SpaceReclaimed") or 0)


def _leaves_first(record_ids: Collection[str], records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    def depth(record_id: str) -> int:
        count = 0
        seen: set[str] = set()
        frontier = _parents(records.get(record_id, {}))
        while frontier:
            seen.update(frontier)
            frontier = {
                parent
                for each in frontier
                for parent in _parents(records.get(each, {}))
                if parent not in seen
            }
            count += 1
        return count

    return sorted(record_ids, key=depth, reverse=True)


def _parents(record: Mapping[str, Any]) -> set[str]:
    """``Parent`` became ``Parents`` with API 1.42, written with a blank before it by some engines."""
    parents = set(record.get("Parents") or record.get(" Parents") or ())
    if record.get("Parent"):
        parents.add(str(record["Parent"]))
    return parents


class CacheWatch:
    """Learns while a build runs which records it makes, so that little is lost if we are killed."""

    def __init__(self, connection: Connection, started: float) -> None:
        self._connection = connection
        self._started = started
        self._first = asyncio.create_task(cache_records(connection))
        self.period_seconds = 2.0

    async def new_records(self) -> set[str]:
        """Ids of the records made so far.

        Raises:
            EngineError: the engine gives no answer.
        """
        before = await asyncio.shield(self._first)
        began = asyncio.get_running_loop().time()
        now = await cache_records(self._connection)
        spent = asyncio.get_running_loop().time() - began
        self.period_seconds = max(2.0, 10 * spent)
        return made_since(now, before, self._started)

    async def close(self) -> None:
        """Wait for what is under way."""
        with contextlib.suppress(EngineError):
            await self._first
