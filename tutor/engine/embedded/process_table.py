"""What /proc tells of processes and of the sockets they listen on. Standard library only."""

from __future__ import annotations

import ipaddress
import os
import struct

_LISTEN = "0A"


def parents() -> dict[int, int]:
    """Every process with its parent."""
    table: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal() and (fields := stat_fields(int(name))):
            table[int(name)] = int(fields[1])
    return table


def stat_fields(pid: int) -> list[str]:
    """/proc/PID/stat from the state on (the name before it may hold anything); empty when gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def start_time(pid: int) -> str:
    """When a process began, in clock ticks since boot: tells it from a later one of its number."""
    fields = stat_fields(pid)
    return fields[19] if len(fields) > 19 and fields[0] != "Z" else ""


def descendants(pid: int) -> list[int]:
    """All processes below this one, parents before children."""
    table = parents()
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in table.items() if its_parent == parent and child not in found]
    return found[1:]


def listening(pid: int) -> list[tuple[str, int, int]]:
    """Address, port and inode of each TCP socket that listens in the network of a process."""
    rows = []
    for name, size in (("tcp", 8), ("tcp6", 32)):
        try:
            with open(f"/proc/{pid}/net/{name}", encoding="ascii") as file:
                lines = file.read().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == _LISTEN and len(address) == size:
                rows.append((_address(address), int(port, 16), int(fields[9])))
    return rows


def _address(text: str) -> str:
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = b"".join(struct.pack("=I", word) for word in words)
    address = ipaddress.ip_address(packed)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def socket_inodes(pids: list[int]) -> set[int]:
    """Inodes of the sockets these processes hold open."""
    found = set()
    for pid in pids:
        try:
            names = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for name in names:
            try:
                target = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    return found


def listening_of(pids: list[int]) -> list[tuple[str, int]]:
    """Address and port of the listening sockets that these processes themselves hold."""
    if not pids:
        return []
    inodes = socket_inodes(pids)
    return [(address, port) for address, port, inode in listening(pids[0]) if inode in inodes]
