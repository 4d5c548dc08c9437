"""Users and groups of an image, found as Docker finds them: in its own passwd and group files."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"[+-]?[0-9]{1,10}")
"""A number may carry a sign: ``+0`` is root, as Go's ``strconv.Atoi`` reads it."""


class IdentityFault(Exception):
    """A name that the image does not know; the text is Docker's."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a process runs as."""

    uid: int = 0
    gid: int = 0
    home: str = "/"


def find_identity(spec: str, passwd: str, group: str = "") -> Identity:
    """The identity for ``USER spec``: name or number, and perhaps a group after a colon.

    A number is never looked for among the names, and a row whose number is none is root's, as measured
    on Docker 20.10. See GetExecUser in https://github.com/moby/sys/blob/main/user/user.go

    Raises:
        IdentityFault: a name without an entry, or a number below 0.
    """
    user, _, group_name = spec.partition(":")
    number = int(user or "0") if not user or _NUMBER.fullmatch(user) else None
    identity = Identity(number, 0) if number is not None and number >= 0 else None
    for line in passwd.splitlines():
        name, _, uid, gid, _, home, *_ = *line.split(":"), *[""] * 6
        if line.strip() and (name == user if number is None else _as_number(uid) == number):
            identity = Identity(_as_number(uid), _as_number(gid), home or "/")
            break
    if identity is None:
        raise IdentityFault(f"unable to find user {user}: no matching entries in passwd file")
    if group_name:
        return Identity(identity.uid, _group(group_name, group), identity.home)
    return identity


def _as_number(field: str) -> int:
    return int(field) if _NUMBER.fullmatch(field) else 0


def find_owner(spec: str, passwd: str, group: str) -> tuple[int, int]:
    """User and group for ``--chown=spec``: a number alone is both.

    Raises:
        IdentityFault: a name without an entry.
    """
    user, separator, group_name = spec.partition(":")
    if user.isdecimal():
        uid = gid = int(user)
    else:
        rows = [row for line in passwd.splitlines() if len(row := line.split(":")) >= 4]
        found = next((row for row in rows if row[0] == user), None)
        if found is None or not (found[2].isdecimal() and found[3].isdecimal()):
            raise IdentityFault(
                "unable to convert uid/gid chown string to host mapping: "
                f"can't find uid for user {user}: no such user: {user}"
            )
        uid, gid = int(found[2]), int(found[3])
    return uid, _group(group_name, group) if separator and group_name else gid


def _group(name: str, group: str) -> int:
    if name.isdecimal():
        return int(name)
    for line in group.splitlines():
        row = line.split(":")
        if len(row) >= 3 and row[0] == name and row[2].isdecimal():
            return int(row[2])
    raise IdentityFault(f"unable to find group {name}: no matching entries in group file")
