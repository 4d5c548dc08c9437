"""What may go from the store: results of steps not used for long, and blobs nobody names."""

from __future__ import annotations

from tutor.engine.embedded.store import Store

CACHE_LIMIT_BYTES = 1_500_000_000
"""Layers that only the build cache names may take this much."""


def collect(store: Store, limit: int = CACHE_LIMIT_BYTES) -> int:
    """Remove the steps longest unused until the cache is within its limit; the bytes given back.

    Blocking, and called by the one build that runs. What an image names stays.
    """
    named: set[str] = set()
    for tag in store.tags():
        try:
            named |= {tag.image_id, *store.config(tag.image_id).diff_ids}
        except OSError:
            continue
    budget = limit
    kept: set[str] = set()
    for _, path, diff_id in reversed(store.cached()):
        if diff_id is None or diff_id in named or diff_id in kept:
            continue
        try:
            size = store.blob(diff_id).stat().st_size
        except OSError:
            path.unlink(missing_ok=True)
            continue
        if size > budget:
            path.unlink(missing_ok=True)
        else:
            budget -= size
            kept.add(diff_id)
    wanted = {digest.removeprefix("sha256:") for digest in named | kept}
    return sum(store.remove_blob(path) for path in store.blobs() if path.name not in wanted)
