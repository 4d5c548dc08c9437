"""Who an image runs as, found as Docker finds it: in the image's own ``/etc/passwd``, else by number.

See GetExecUser in https://github.com/moby/sys/blob/main/user/user.go
"""

from __future__ import annotations

import re

USERS_PATH = "etc/passwd"
USERS_LIMIT_BYTES = 1024 * 1024

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
_FIELDS = 3
"""A row with fewer names no number."""


def user_id(user: str, passwd: bytes | None) -> int | None:
    """The number that ``USER`` comes to; None when no row names it, and no container would start.

    ``user`` may be empty, a name or a number, with or without a group. A number may carry a sign: ``+0``
    is root, as Go's ``strconv.Atoi`` reads it.
    """
    name = user.partition(":")[0]
    number = int(name) if _NUMBER.fullmatch(name) else None
    if not name:
        return 0
    for line in (passwd or b"").decode("utf-8", "surrogateescape").splitlines():
        row = line.strip().split(":")
        if len(row) < _FIELDS or not _NUMBER.fullmatch(row[2]):
            continue
        if row[0] == name or number == int(row[2]):
            return int(row[2])
    return number
