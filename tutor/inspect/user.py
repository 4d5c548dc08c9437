"""Who an image runs as, by its own ``/etc/passwd``."""

from __future__ import annotations

from tutor.core.identity import IdentityFault, find_identity

USERS_PATH = "etc/passwd"
USERS_LIMIT_BYTES = 1024 * 1024


def user_id(user: str, passwd: bytes | None) -> int | None:
    """The number that ``USER`` comes to; None when no row names it, and no container would start."""
    name = user.partition(":")[0]
    try:
        return find_identity(name, (passwd or b"").decode("utf-8", "surrogateescape")).uid
    except IdentityFault:
        return None
