"""Users and groups of an image, found as Docker finds them: in its own passwd and group files."""

from __future__ import annotations

from dataclasses import dataclass


class IdentityFault(Exception):
    """A name that the image does not know; the text is Docker's."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a process runs as."""

    uid: int = 0
    gid: int = 0
    home: str = "/"


def find_identity(spec: str, passwd: str, group: str) -> Identity:
    """The identity for ``USER spec``: name or number, and perhaps a group after a colon.

    Raises:
        IdentityFault: a name without an entry.
    """
    user, _, group_name = spec.partition(":")
    rows = [row for line in passwd.splitlines() if len(row := line.split(":")) >= 6]
    found = next((row for row in rows if user in (row[0], row[2])), None) if user else None
    if not user:
        found = next((row for row in rows if row[2] == "0"), None)
    if found is not None and found[2].isdecimal() and found[3].isdecimal():
        identity = Identity(int(found[2]), int(found[3]), found[5] or "/")
    elif user.isdecimal() or not user:
        identity = Identity(int(user or 0), 0)
    else:
        raise IdentityFault(f"unable to find user {user}: no matching entries in passwd file")
    if group_name:
        return Identity(identity.uid, _group(group_name, group), identity.home)
    return identity


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
